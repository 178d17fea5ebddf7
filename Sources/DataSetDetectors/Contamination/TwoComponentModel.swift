internal import DefenseKit

/// The model r = mean + mu + e, with mu ~ N(0, Sm) for a class and e ~ N(0, Se) for an image.
///
/// Expectation maximization from the covariances of the class means and within the classes: with
/// the n images of a class, mu has the posterior mean Sm (n Sm + Se)^-1 sum r and the posterior
/// covariance (Sm^-1 + n Se^-1)^-1, which both enter the next Sm and Se.
struct TwoComponentModel {
  /// The mean of all images.
  let mean: [Double]
  /// Sm, `[axes][axes]`.
  private(set) var between: Matrix
  /// Se, `[axes][axes]`.
  private(set) var within: Matrix
  /// The rows to multiply by, `[axes][axes]`: with r B, Se is the identity and Sm diagonal.
  private(set) var basis: Matrix
  /// The diagonal of Sm in this basis.
  private(set) var ratios: [Double]

  private static let maximumSteps = 100
  private static let tolerance = 1e-6
  /// The share of the mean variance that is added to the diagonal of Se.
  private static let ridge = 1e-3

  /// Fits the model.
  ///
  /// - Parameters:
  ///   - classes: The points of each class, `[points][axes]`.
  ///   - steps: The largest number of steps.
  ///   - check: Called before each step; throws to cancel the work.
  /// - Throws: The errors of `check`.
  init(
    of classes: [Matrix], steps: Int = maximumSteps, check: () throws -> Void = {}
  ) rethrows {
    let classes = classes.filter { $0.rows > 0 }
    let count = classes.reduce(0) { $0 + $1.rows }
    let axes = classes[0].columns
    let all = Matrix(rows: count, columns: axes, values: classes.flatMap(\.values))
    mean = all.meanRow()
    let centered = all.subtracting(fromRows: mean)
    let scatter = centered.transposedTimes(centered)
    let sizes = classes.map { Double($0.rows) }
    // The sum of each class, `[classes][axes]`.
    var sums = Matrix(rows: 0, columns: axes)
    for points in classes {
      let sum = points.subtracting(fromRows: mean).meanRow().map { $0 * Double(points.rows) }
      sums = Matrix(rows: sums.rows + 1, columns: axes, values: sums.values + sum)
    }
    let means = Matrix(rows: classes.count, columns: axes) { sums[$0, $1] / sizes[$0] }
    between = means.covariance()
    within = Self.within(scatter, sums, means, sizes)
    (basis, ratios) = (between, [])
    var inverse = diagonalize()
    for _ in 0..<steps {
      try check()
      let white = sums * basis
      var posterior = white
      var variances = [Double](repeating: 0, count: axes)
      var weighted = variances
      for row in 0..<posterior.rows {
        for axis in 0..<axes {
          let factor = ratios[axis] / (sizes[row] * ratios[axis] + 1)
          posterior[row, axis] *= factor
          variances[axis] += factor
          weighted[axis] += sizes[row] * factor
        }
      }
      let means = posterior * inverse
      func spread(_ diagonal: [Double]) -> Matrix {
        inverse.transposedTimes(Matrix(diagonal: diagonal) * inverse)
      }
      let squares = means.transposedTimes(means)
      let (first, second) = (spread(variances), spread(weighted))
      let nextBetween = Matrix(rows: axes, columns: axes) {
        (squares[$0, $1] + first[$0, $1]) / Double(classes.count)
      }
      let plain = Self.within(scatter, sums, means, sizes)
      let nextWithin = Matrix(rows: axes, columns: axes) {
        plain[$0, $1] + second[$0, $1] / Double(count)
      }
      let isDone =
        nextBetween.distance(to: between) <= Self.tolerance * between.norm
        && nextWithin.distance(to: within) <= Self.tolerance * within.norm
      (between, within) = (nextBetween, nextWithin)
      inverse = diagonalize()
      if isDone { break }
    }
  }

  /// Returns points less the mean in the basis.
  func white(_ points: Matrix) -> Matrix { points.subtracting(fromRows: mean) * basis }

  /// Returns 1/N of the sum of (r - mu) (r - mu)^T, with mu that of the image's class.
  private static func within(
    _ scatter: Matrix, _ sums: Matrix, _ means: Matrix, _ sizes: [Double]
  ) -> Matrix {
    let scaled = Matrix(rows: means.rows, columns: means.columns) { sizes[$0] * means[$0, $1] }
    let (mixed, squares) = (sums.transposedTimes(means), means.transposedTimes(scaled))
    let count = sizes.reduce(0, +)
    return Matrix(rows: scatter.rows, columns: scatter.columns) {
      (scatter[$0, $1] - mixed[$0, $1] - mixed[$1, $0] + squares[$0, $1]) / count
    }
  }

  /// Finds the basis, and returns its inverse.
  private mutating func diagonalize() -> Matrix {
    let axes = within.rows
    var regular = within
    let added = max(Self.ridge * within.trace / Double(axes), .leastNormalMagnitude)
    for axis in 0..<axes { regular[axis, axis] += added }
    let eigen = SymmetricEigen(regular)
    let least = 1e-12 * eigen.values[0]
    let root = eigen.matrix { max($0, least).squareRoot() }
    let white = eigen.matrix { 1 / max($0, least).squareRoot() }
    let inner = SymmetricEigen(white * between * white)
    basis = white * inner.vectors.transposed
    ratios = inner.values.map { max($0, 0) }
    return inner.vectors * root
  }
}

extension Matrix {
  /// Creates a matrix of computed elements.
  init(rows: Int, columns: Int, _ value: (Int, Int) -> Double) {
    self.init(
      rows: rows, columns: columns,
      values: (0..<rows).flatMap { row in (0..<columns).map { value(row, $0) } })
  }

  /// The root of the sum of all squares.
  fileprivate var norm: Double { values.reduce(0) { $0 + $1 * $1 }.squareRoot() }

  fileprivate func distance(to other: Matrix) -> Double {
    zip(values, other.values).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot()
  }
}
