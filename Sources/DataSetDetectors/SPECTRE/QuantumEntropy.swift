private import Foundation
internal import DefenseKit

/// The quantum entropy scores of whitened points.
struct QuantumEntropy {
  /// `scores[i]`: h^T Q h / tr Q of point i.
  let scores: [Double]
  /// tr(S Q) / tr Q: how much the points spread in the directions that Q weighs.
  let value: Double

  /// Computes the scores.
  ///
  /// - Parameters:
  ///   - points: `[points][directions]`, whitened and centered by robust statistics.
  ///   - alpha: The weight of the directions that spread most.
  init(of points: Matrix, alpha: Double) {
    let covariance = points.covariance()
    let weights = Self.weights(of: covariance, alpha: alpha)
    let trace = weights.trace
    let products = points * weights
    scores = (0..<points.rows).map { row in
      zip(points.row(row), products.row(row)).reduce(0) { $0 + $1.0 * $1.1 } / trace
    }
    value = zip(covariance.values, weights.values).reduce(0) { $0 + $1.0 * $1.1 } / trace
  }

  /// Returns Q = exp(alpha (S - I) / (|S| - 1)), scaled so that its largest eigenvalue is 1; the
  /// identity if no direction spreads more than 1.
  ///
  /// Scores and value do not depend on the scale.
  static func weights(of covariance: Matrix, alpha: Double) -> Matrix {
    let eigen = SymmetricEigen(covariance)
    let largest = eigen.values[0]
    guard largest - 1 > 1e-9 else {
      return Matrix(diagonal: Array(repeating: 1, count: covariance.rows))
    }
    return eigen.matrix { exp(alpha * ($0 - largest) / (largest - 1)) }
  }
}
