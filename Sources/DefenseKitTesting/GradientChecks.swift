internal import DefenseKit

/// Compares a gradient with central differences of its function.
///
/// ```swift
/// try GradientChecks(seed: 1).check(gradient, at: values) { moved in try loss(moved) }
/// ```
///
/// It moves some elements one by one, and all at once along random signs. For each direction it
/// takes a difference at two distances, `step` and a quarter of it, one of which must agree: the
/// shorter one close to a kink, for example of a rectifier, and the longer one where the function
/// is rounded to 32 bits.
public struct GradientChecks: Sendable {
  /// The longer of the two distances by which elements are moved.
  public var step: Float
  /// The tolerance, relative to the gradient's largest element, or along signs to its norm.
  public var tolerance: Double
  /// The maximum number of elements that are moved one by one.
  public var elements: Int
  /// Selects these elements and the signs.
  public var seed: UInt64

  /// Creates checks with a seed and tolerances.
  public init(
    step: Float = 0.01, tolerance: Double = 0.02, elements: Int = 24, seed: UInt64 = 0
  ) {
    self.step = step
    self.tolerance = tolerance
    self.elements = elements
    self.seed = seed
  }

  /// Checks a gradient.
  ///
  /// - Parameters:
  ///   - gradient: The derivative of the function with respect to each value.
  ///   - values: The values at which it was taken.
  ///   - function: Returns the function's value.
  /// - Throws: ``WrongGradient``; the errors of `function`.
  public func check(
    _ gradient: [Float], at values: [Float], of function: ([Float]) throws -> Double
  ) throws {
    guard gradient.count == values.count, gradient.allSatisfy(\.isFinite) else {
      throw WrongGradient(
        message: "\(gradient.count) derivatives for \(values.count) values, or some are not "
          + "finite; return one finite derivative for each value")
    }
    var numbers = SeededGenerator(seed: seed, stream: 0x6772_6164)
    let largest = gradient.reduce(0) { max($0, Double(abs($1))) }
    let norm = gradient.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
    func check(_ direction: [(index: Int, sign: Float)], _ name: String, _ size: Double) throws {
      let got = direction.reduce(0) { $0 + Double(gradient[$1.index]) * Double($1.sign) }
      var found: [Double] = []
      for distance in [step, step / 4] {
        func moved(_ distance: Float) throws -> Double {
          var values = values
          for (index, sign) in direction { values[index] += sign * distance }
          return try function(values)
        }
        let difference = (try moved(distance) - moved(-distance)) / (2 * Double(distance))
        if abs(difference - got) <= tolerance * size { return }
        found.append(difference)
      }
      throw WrongGradient(
        message: "the derivative \(name) is \(got), but central differences give \(found[0]) and "
          + "\(found[1])")
    }
    for index in numbers.permutation(values.count).prefix(elements) {
      try check([(index, 1)], "at element \(index)", largest)
    }
    for _ in 0..<3 {
      let signs = values.indices.map { (index: $0, sign: Float(numbers.below(2) * 2 - 1)) }
      try check(signs, "along random signs", norm)
    }
  }
}

/// A gradient that does not match its function.
public struct WrongGradient: Error, Sendable, Hashable, CustomStringConvertible {
  /// The first mismatch, in one line.
  public let message: String

  /// The same as ``message``.
  public var description: String { message }
}
