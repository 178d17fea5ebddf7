/// A small random number generator with a seed (Steele, Lea and Flood 2014).
public struct SplitMix64: RandomNumberGenerator, Sendable {
  private var state: UInt64

  /// Creates a generator; equal seeds give equal numbers everywhere.
  public init(seed: UInt64) { state = seed }

  /// Returns the next 64 random bits.
  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// Returns that many numbers in -limit...limit.
  public mutating func floats(_ count: Int, limit: Float = 1) -> [Float] {
    // 24 bits are exact in a Float, so that the numbers do not depend on the library's version.
    (0..<count).map { _ in (Float(next() >> 40) / Float(1 << 23) - 1) * limit }
  }

  /// Returns a number in the range.
  public mutating func int(_ range: ClosedRange<Int>) -> Int {
    range.lowerBound + Int(next() % UInt64(range.count))
  }

  /// Returns true once in `n` times.
  public mutating func oneIn(_ n: Int) -> Bool { int(1...n) == 1 }
}
