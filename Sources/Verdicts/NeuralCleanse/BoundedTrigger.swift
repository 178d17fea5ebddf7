internal import DefenseKit
private import Foundation

/// A mask and a pattern as numbers without bounds: m = (tanh(a) + 1) / 2 and
/// p = 255 (tanh(b) + 1) / 2.
struct BoundedTrigger {
  /// `[height, width, channels]`.
  let shape: [Int]
  /// a, `[height][width]`.
  var mask: [Float]
  /// b, `[height][width][channels]`.
  var pattern: [Float]

  /// Draws a mask, uniform in 0...1, and a pattern, uniform in 0...255.
  init(shape: [Int], drawing numbers: inout SeededGenerator) {
    func parameters(_ count: Int) -> [Float] {
      // tanh reaches neither -1 nor 1.
      (0..<count).map { _ in Float(atanh((2 * numbers.unit() - 1) * (1 - 1e-7))) }
    }
    self.shape = shape
    let size = shape.reduce(1, *)
    mask = parameters(size / shape[2])
    pattern = parameters(size)
  }

  /// The mask, 0...1, and the pattern, 0...255.
  var trigger: MaskedPattern {
    func values(_ parameters: [Float], _ scale: Double) -> [Float] {
      parameters.map { Float(scale * (tanh(Double($0)) + 1) / 2) }
    }
    return MaskedPattern(imageShape: shape, mask: values(mask, 1), pattern: values(pattern, 255))
  }

  /// Returns derivatives with respect to a and b from those with respect to m and p.
  ///
  /// - Parameters:
  ///   - derivatives: Derivatives with respect to mask and pattern.
  ///   - cost: Added to each derivative with respect to the mask.
  func gradients(
    _ derivatives: (mask: [Float], pattern: [Float]), cost: Double
  ) -> (mask: [Float], pattern: [Float]) {
    func derivative(_ parameter: Float) -> Double {
      let value = tanh(Double(parameter))
      return (1 - value * value) / 2
    }
    return (
      zip(derivatives.mask, mask).map { Float((Double($0) + cost) * derivative($1)) },
      zip(derivatives.pattern, pattern).map { Float(Double($0) * 255 * derivative($1)) }
    )
  }
}
