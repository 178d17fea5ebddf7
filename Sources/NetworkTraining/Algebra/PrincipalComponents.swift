/// The directions in which rows of numbers vary most.
///
/// The eigenvectors of the rows' covariance, or of their products with each other if there are
/// fewer rows than columns. Where both are over 1024, subspace iteration finds the directions
/// (Golub and Van Loan, "Matrix Computations", section 8.2.4).
public struct PrincipalComponents: Sendable {
  /// The mean of the rows, `[size]`.
  public let mean: [Double]
  /// The variances along the directions, divided by the number of rows, descending and over 0.
  public let variances: [Double]
  /// The directions, orthonormal: `[directions][size]`.
  public let directions: Matrix

  /// Finds the directions.
  ///
  /// Directions with less than 1e-10 of the largest variance are left out.
  ///
  /// - Parameters:
  ///   - rows: `[count][size]`, all finite.
  ///   - count: The number of rows, at least 1.
  ///   - most: The largest number of directions.
  public init(of rows: [Float], count: Int, most: Int) {
    precondition(count > 0 && rows.count % count == 0, "\(rows.count) values of \(count) rows")
    let centered = CenteredRows(rows, count: count)
    mean = centered.mean
    let size = mean.count
    let (squares, vectors): ([Double], Matrix)
    if min(size, count) > Self.largestExact, most < Self.largestExact / 2 {
      (squares, vectors) = centered.subspace(most)
    } else if size <= count {
      let eigen = SymmetricEigen(centered.scatter())
      (squares, vectors) = (eigen.values, eigen.vectors)
    } else {
      let eigen = SymmetricEigen(centered.products())
      let kept = eigen.values.prefix(most).count { $0 > 1e-10 * eigen.values[0] }
      squares = Array(eigen.values.prefix(kept))
      var found = centered.combinations(eigen.vectors.selecting(rows: Array(0..<kept)))
      for row in 0..<kept {
        let length = squares[row].squareRoot()
        for column in 0..<size { found[row, column] /= length }
      }
      vectors = found
    }
    let largest = squares.first ?? 0
    let kept = squares.prefix(most).count { $0 > 1e-10 * largest }
    variances = squares.prefix(kept).map { $0 / Double(count) }
    directions = vectors.selecting(rows: Array(0..<kept))
  }

  /// Returns the components of rows of `size` numbers less the mean: `[rows][directions]`.
  public func projections(of rows: [Float]) -> Matrix {
    let count = rows.count / mean.count
    return CenteredRows(rows, count: count, mean: mean).products(with: directions)
  }

  private static let largestExact = 1024
}

/// Rows of floats less a mean, computed on in blocks of doubles.
private struct CenteredRows {
  let rows: [Float]
  let count: Int
  let mean: [Double]

  private static let blockSize = 256

  init(_ rows: [Float], count: Int, mean: [Double]) {
    self.rows = rows
    self.count = count
    self.mean = mean
  }

  init(_ rows: [Float], count: Int) {
    let size = rows.count / count
    var sums = [Double](repeating: 0, count: size)
    for row in 0..<count {
      for column in 0..<size { sums[column] += Double(rows[row * size + column]) }
    }
    self.init(rows, count: count, mean: sums.map { $0 / Double(count) })
  }

  /// Calls `body` with the first row of each block and its centered rows.
  private func forEachBlock(_ body: (Int, Matrix) -> Void) {
    let size = mean.count
    for first in stride(from: 0, to: count, by: Self.blockSize) {
      let last = min(count, first + Self.blockSize)
      var block = Matrix(rows: last - first, columns: size)
      for row in first..<last {
        let (from, to) = (row * size, (row - first) * size)
        for column in 0..<size {
          block.values[to + column] = Double(rows[from + column]) - mean[column]
        }
      }
      body(first, block)
    }
  }

  /// Returns X^T X, `[size][size]`.
  func scatter() -> Matrix {
    var sum = Matrix(rows: mean.count, columns: mean.count)
    forEachBlock { _, block in
      let part = block.transposedTimes(block)
      for index in sum.values.indices { sum.values[index] += part.values[index] }
    }
    return sum
  }

  /// Returns X X^T, `[count][count]`.
  func products() -> Matrix {
    var result = Matrix(rows: count, columns: count)
    forEachBlock { first, left in
      forEachBlock { second, right in
        let part = left.timesTransposed(right)
        for row in 0..<part.rows {
          for column in 0..<part.columns {
            result[first + row, second + column] = part[row, column]
          }
        }
      }
    }
    return result
  }

  /// Returns X D^T for directions D: `[count][directions]`.
  func products(with directions: Matrix) -> Matrix {
    var result = Matrix(rows: count, columns: directions.rows)
    forEachBlock { first, block in
      let part = block.timesTransposed(directions)
      result.values.replaceSubrange(
        first * directions.rows..<(first + block.rows) * directions.rows, with: part.values)
    }
    return result
  }

  /// Returns F X for factors F, `[combinations][count]`: `[combinations][size]`.
  func combinations(_ factors: Matrix) -> Matrix {
    let columns = factors.transposed
    var sum = Matrix(rows: factors.rows, columns: mean.count)
    forEachBlock { first, block in
      let part = columns.selecting(rows: Array(first..<first + block.rows)).transposedTimes(block)
      for index in sum.values.indices { sum.values[index] += part.values[index] }
    }
    return sum
  }

  /// Returns about the largest eigenvalues of X^T X and their eigenvectors, by subspace iteration.
  func subspace(_ most: Int) -> ([Double], Matrix) {
    let wanted = min(most, mean.count)
    // Further vectors speed up the convergence of the last ones.
    let width = min(mean.count, wanted + max(10, wanted / 2))
    var numbers = SeededGenerator(seed: 0x7063_61)
    var basis = Matrix(
      rows: width, columns: mean.count, values: numbers.normals(width * mean.count)
    ).orthonormalRows
    for _ in 0..<60 {
      basis = combinations(products(with: basis).transposed).orthonormalRows
    }
    let projected = products(with: basis)
    let eigen = SymmetricEigen(projected.transposedTimes(projected))
    return (eigen.values, eigen.vectors * basis)
  }
}

extension Matrix {
  /// The rows made orthonormal, one after the other, each twice against those before it.
  fileprivate var orthonormalRows: Matrix {
    var result = self
    for row in 0..<rows {
      let start = row * columns
      for _ in 0..<2 {
        for other in 0..<row {
          let before = other * columns
          var along = 0.0
          for c in 0..<columns { along += result.values[start + c] * result.values[before + c] }
          for c in 0..<columns { result.values[start + c] -= along * result.values[before + c] }
        }
      }
      let length = result.row(row).reduce(0) { $0 + $1 * $1 }.squareRoot()
      if length > 0 {
        for c in 0..<columns { result.values[start + c] /= length }
      }
    }
    return result
  }
}
