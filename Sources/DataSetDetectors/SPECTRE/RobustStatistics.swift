private import Foundation
internal import DefenseKit

/// Mean and covariance of points of which a share may be arbitrary, by a filter.
///
/// In each round the points are whitened by mean and covariance of those that are left, y. Of all
/// polynomials y^T M y with |M| = 1, power iteration finds one of the largest variance; normal
/// points have none over 2. The points whose polynomial deviates from its median by more than
/// sqrt(2) T leave if they are more than the share exp(-T / sqrt(2)) that normal points stay below,
/// for the T that exceeds it most. The rounds end without such a T, or when 2 epsilon points have
/// left; if the last round has more, those that deviate most leave.
///
/// Source: Diakonikolas, Kamath, Kane, Li, Moitra and Stewart, "Being Robust (in High Dimensions)
/// Can Be Practical", ICML 2017, section 3.2 (there with other constants in the tail bound).
struct RobustStatistics {
  /// The mean of the points that are left.
  private(set) var mean: [Double]
  /// The inverse square root of their covariance.
  private(set) var whitening: Matrix
  /// The positions of the points that are left, ascending.
  private(set) var kept: [Int]

  private static let maximumRounds = 10
  private static let powerSteps = 20

  /// Estimates mean and covariance.
  ///
  /// - Parameters:
  ///   - points: `[points][directions]`.
  ///   - share: epsilon, the assumed maximum share of arbitrary points.
  init(of points: Matrix, share: Double) {
    kept = Array(0..<points.rows)
    (mean, whitening) = Self.statistics(of: points)
    var budget = Int(2 * share * Double(points.rows))
    for _ in 0..<Self.maximumRounds where budget > 0 {
      let white = points.selecting(rows: kept).subtracting(fromRows: mean) * whitening
      let deviations = Self.deviations(of: white)
      let leaving = Self.outliers(deviations).prefix(budget)
      guard !leaving.isEmpty else { break }
      budget -= leaving.count
      let gone = Set(leaving)
      kept = kept.indices.filter { !gone.contains($0) }.map { kept[$0] }
      (mean, whitening) = Self.statistics(of: points.selecting(rows: kept))
    }
  }

  /// Returns points less the mean, whitened.
  func whitened(_ points: Matrix) -> Matrix { points.subtracting(fromRows: mean) * whitening }

  /// Returns mean and inverse square root of the covariance; directions with less than 1e-12 of the
  /// largest variance count as having that.
  private static func statistics(of points: Matrix) -> (mean: [Double], whitening: Matrix) {
    let eigen = SymmetricEigen(points.covariance())
    let least = max(1e-12 * eigen.values[0], .leastNormalMagnitude)
    return (points.meanRow(), eigen.matrix { 1 / max($0, least).squareRoot() })
  }

  /// Returns by how much the polynomial of about the largest variance deviates from its median at
  /// each point, in units of sqrt(2).
  static func deviations(of white: Matrix) -> [Double] {
    let values = extremePolynomial(at: white)
    let sorted = values.sorted()
    let median = (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
    return values.map { abs($0 - median) / 2.0.squareRoot() }
  }

  /// Returns y^T M y for each row y, with the M, |M| = 1, that power iteration leads to from the
  /// longest row.
  private static func extremePolynomial(at white: Matrix) -> [Double] {
    let (count, size) = (white.rows, white.columns)
    func squares(_ product: Matrix) -> [Double] {
      (0..<count).map { row in
        zip(white.row(row), product.row(row)).reduce(0) { $0 + $1.0 * $1.1 }
      }
    }
    let lengths = squares(white)
    let longest = lengths.indices.max { (lengths[$0], -$0) < (lengths[$1], -$1) } ?? 0
    let row = Matrix(rows: 1, columns: size, values: Array(white.row(longest)))
    var direction = row.transposedTimes(row)
    var values = lengths
    for step in 0...powerSteps {
      let norm = direction.values.reduce(0) { $0 + $1 * $1 }.squareRoot()
      guard norm > 0 else { break }
      for index in direction.values.indices { direction.values[index] /= norm }
      values = squares(white * direction)
      if step == powerSteps { break }
      // The covariance of y y^T, applied to M.
      let mean = values.reduce(0, +) / Double(count)
      var weighted = white
      for row in 0..<count {
        let factor = (values[row] - mean) / Double(count)
        for column in 0..<size { weighted[row, column] *= factor }
      }
      direction = white.transposedTimes(weighted)
    }
    return values
  }

  /// Returns the points that deviate more than the tail bound allows, the farthest first; of equal
  /// ones the first.
  static func outliers(_ deviations: [Double]) -> [Int] {
    let order = deviations.indices.sorted {
      (deviations[$1], $0) < (deviations[$0], $1)
    }
    var best = (excess: 0.0, count: 0)
    for (place, index) in order.enumerated() {
      let share = Double(place + 1) / Double(order.count)
      let excess = share - exp(-deviations[index] / 2.0.squareRoot())
      if excess > best.excess { best = (excess, place + 1) }
    }
    return Array(order.prefix(best.count))
  }
}
