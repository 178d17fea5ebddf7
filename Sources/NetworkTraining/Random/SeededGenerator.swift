internal import InferenceGraph
/// Random numbers from a seed, the same on every machine (SplitMix64; Steele, Lea and Flood 2014).
public struct SeededGenerator: RandomNumberGenerator, Sendable {
  private var state: UInt64

  /// Creates a generator.
  ///
  /// - Parameters:
  ///   - seed: Equal seeds give equal numbers.
  ///   - stream: Different streams of a seed give independent numbers.
  public init(seed: UInt64, stream: UInt64 = 0) {
    state = SplitMix.finalized(mixed(seed) &+ stream)
  }

  /// Returns the next 64 random bits.
  public mutating func next() -> UInt64 { SplitMix.next(&state) }

  /// Returns a number from 0 up to but not including 1: one of 2^53 equally spaced.
  public mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }

  /// Returns a number from 0 to `bound` - 1; all are equally likely (Lemire 2019).
  public mutating func below(_ bound: Int) -> Int { SplitMix.number(below: bound) { next() } }

  /// Returns independent normal numbers with mean 0 and variance 1.
  public mutating func normals(_ count: Int) -> [Double] {
    var result: [Double] = []
    result.reserveCapacity(count + 1)
    while result.count < count {
      let (first, second) = normals()
      result += [first, second]
    }
    return Array(result.prefix(count))
  }

  /// Returns two independent normal numbers with mean 0 and variance 1.
  ///
  /// Marsaglia's polar method (Marsaglia and Bray 1964), which needs neither sine nor cosine.
  public mutating func normals() -> (Double, Double) {
    while true {
      let x = 2 * unit() - 1
      let y = 2 * unit() - 1
      let square = x * x + y * y
      guard square < 1, square > 0 else { continue }
      let factor = (-2 * Self.logarithm(square) / square).squareRoot()
      return (x * factor, y * factor)
    }
  }

  /// Returns the numbers below `count` in random order; all orders are equally likely.
  public mutating func permutation(_ count: Int) -> [Int] {
    SplitMix.permutation(count) { index(below: $0) }
  }

  /// Returns a number from 0 to `count` - 1, with a bias too small to measure.
  ///
  /// Not ``below(_:)``, which rejects some draws: equal seeds must keep their permutations.
  private mutating func index(below count: Int) -> Int {
    Int(next().multipliedFullWidth(by: UInt64(count)).high)
  }

  /// Returns the natural logarithm of a positive normal number, within a few units in the last
  /// place.
  ///
  /// The C library's logarithm differs between machines. With x = m * 2^e and m within
  /// sqrt(1/2)...sqrt(2), log(x) = e * log(2) + 2 * atanh((m - 1) / (m + 1)). The series of atanh
  /// stops after 12 terms, because |(m - 1) / (m + 1)| < 0.172.
  static func logarithm(_ x: Double) -> Double {
    var significand = x.significand
    var exponent = Double(x.exponent)
    if significand > 2.0.squareRoot() {
      significand /= 2
      exponent += 1
    }
    let ratio = (significand - 1) / (significand + 1)
    let square = ratio * ratio
    var sum = 0.0
    for term in stride(from: 23, through: 1, by: -2) { sum = sum * square + 1 / Double(term) }
    return exponent * 0.693_147_180_559_945_309_417 + 2 * ratio * sum
  }
}
