/// The eigenvalues and eigenvectors of a symmetric matrix.
///
/// Reflections make the matrix tridiagonal; implicit QR steps with Wilkinson's shift then make it
/// diagonal (Golub and Van Loan, "Matrix Computations", sections 8.3.1 to 8.3.3). Equal matrices
/// have equal bits on every machine.
public struct SymmetricEigen: Sendable {
  /// The eigenvalues, descending.
  public let values: [Double]
  /// Row i is the unit eigenvector of eigenvalue i.
  public let vectors: Matrix

  /// Decomposes a matrix, whose values must be finite.
  ///
  /// Only the symmetric part is meant; rounding may have made it slightly asymmetric.
  public init(_ matrix: Matrix) {
    precondition(matrix.rows == matrix.columns, "\(matrix.rows) x \(matrix.columns)")
    var tridiagonal = Tridiagonal(matrix)
    tridiagonal.diagonalize()
    let diagonal = tridiagonal.diagonal
    let order = diagonal.indices.sorted { (-diagonal[$0], $0) < (-diagonal[$1], $1) }
    values = order.map { diagonal[$0] }
    vectors = tridiagonal.vectors.selecting(rows: order)
  }

  /// Returns the matrix with the same eigenvectors and the function of each eigenvalue.
  public func matrix(_ function: (Double) -> Double) -> Matrix {
    var scaled = vectors
    for row in 0..<scaled.rows {
      let factor = function(values[row])
      for column in 0..<scaled.columns { scaled[row, column] *= factor }
    }
    return vectors.transposedTimes(scaled)
  }
}

/// A symmetric tridiagonal matrix with the rotation that leads to it.
private struct Tridiagonal {
  var diagonal: [Double]
  /// `off[i]`: the element between rows i and i + 1.
  var off: [Double]
  /// Row i is the vector that belongs to row i of the tridiagonal matrix.
  var vectors: Matrix

  init(_ matrix: Matrix) {
    let n = matrix.rows
    var a = matrix.values
    var reflections: [[Double]] = []
    off = []
    for k in 0..<max(n - 1, 0) {
      // The column below the diagonal becomes a multiple of the first unit vector.
      let size = n - k - 1
      var v = (0..<size).map { a[(k + 1 + $0) * n + k] }
      let norm = v.reduce(0) { $0 + $1 * $1 }.squareRoot()
      let target = v[0] > 0 ? -norm : norm
      let isZero = v.dropFirst().allSatisfy { $0 == 0 }
      off.append(isZero ? v[0] : target)
      guard !isZero else {
        reflections.append([])
        continue
      }
      v[0] -= target
      let length = v.reduce(0) { $0 + $1 * $1 }.squareRoot()
      for index in v.indices { v[index] /= length }
      var w = (0..<size).map { row in
        let start = (k + 1 + row) * n + k + 1
        var sum = 0.0
        for column in 0..<size { sum += a[start + column] * v[column] }
        return 2 * sum
      }
      let along = zip(v, w).reduce(0) { $0 + $1.0 * $1.1 }
      for index in w.indices { w[index] -= along * v[index] }
      for row in 0..<size {
        let start = (k + 1 + row) * n + k + 1
        let (x, y) = (v[row], w[row])
        for column in 0..<size { a[start + column] -= x * w[column] + y * v[column] }
      }
      reflections.append(v)
    }
    diagonal = (0..<n).map { a[$0 * n + $0] }
    // The product of all reflections; its columns are the vectors.
    var q = Matrix(diagonal: Array(repeating: 1, count: n))
    for (k, v) in reflections.enumerated().reversed() where !v.isEmpty {
      var sums = [Double](repeating: 0, count: v.count)
      for (row, x) in v.enumerated() {
        let start = (k + 1 + row) * n + k + 1
        for column in v.indices { sums[column] += x * q.values[start + column] }
      }
      for (row, x) in v.enumerated() {
        let start = (k + 1 + row) * n + k + 1
        for column in v.indices { q.values[start + column] -= 2 * x * sums[column] }
      }
    }
    vectors = q.transposed
  }

  /// Rotates until all elements off the diagonal are zero.
  mutating func diagonalize() {
    var last = diagonal.count - 1
    // Two to three steps for each eigenvalue suffice; the bound ends the loop for NaN.
    var steps = 60 * max(diagonal.count, 1)
    while last > 0, steps > 0 {
      for index in 0..<last where isNegligible(index) { off[index] = 0 }
      if off[last - 1] == 0 {
        last -= 1
        continue
      }
      var first = last - 1
      while first > 0, off[first - 1] != 0 { first -= 1 }
      step(first, last)
      steps -= 1
    }
  }

  private func isNegligible(_ index: Int) -> Bool {
    abs(off[index]) <= 0x1p-52 * (abs(diagonal[index]) + abs(diagonal[index + 1]))
  }

  /// One QR step on the rows `first` to `last`.
  private mutating func step(_ first: Int, _ last: Int) {
    let half = (diagonal[last - 1] - diagonal[last]) / 2
    let beside = off[last - 1]
    let root = (half * half + beside * beside).squareRoot()
    let shift = diagonal[last] - beside * beside / (half + (half < 0 ? -root : root))
    var (x, z) = (diagonal[first] - shift, off[first])
    for k in first..<last {
      let r = (x * x + z * z).squareRoot()
      let (c, s) = r > 0 ? (x / r, z / r) : (1, 0)
      if k > first { off[k - 1] = r }
      let (a, b, f) = (diagonal[k], diagonal[k + 1], off[k])
      diagonal[k] = c * c * a + 2 * c * s * f + s * s * b
      diagonal[k + 1] = s * s * a - 2 * c * s * f + c * c * b
      off[k] = c * s * (b - a) + (c * c - s * s) * f
      if k + 1 < last {
        (x, z) = (off[k], s * off[k + 1])
        off[k + 1] *= c
      }
      let n = vectors.columns
      let (upper, lower) = (k * n, (k + 1) * n)
      for column in 0..<n {
        let (p, q) = (vectors.values[upper + column], vectors.values[lower + column])
        vectors.values[upper + column] = c * p + s * q
        vectors.values[lower + column] = c * q - s * p
      }
    }
  }
}
