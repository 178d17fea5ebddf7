private import Foundation

/// The waves of the discrete cosine transform (type II, orthonormal).
public enum CosineWave {
  /// Returns the wave k over n positions: sqrt((k = 0 ? 1 : 2) / n) cos(pi k (2 i + 1) / (2 n)).
  ///
  /// The waves of an extent are orthonormal. The product of one over the rows and one over the
  /// columns is what a coefficient of 1 adds to an image.
  ///
  /// - Parameters:
  ///   - frequency: k, 0 to n - 1.
  ///   - extent: n.
  public static func values(_ frequency: Int, of extent: Int) -> [Double] {
    precondition((0..<extent).contains(frequency), "the wave \(frequency) of \(extent)")
    let factor = ((frequency == 0 ? 1.0 : 2) / Double(extent)).squareRoot()
    return (0..<extent).map { place in
      factor * cos(Double.pi * Double(frequency * (2 * place + 1)) / Double(2 * extent))
    }
  }
}
