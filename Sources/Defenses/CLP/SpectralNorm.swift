/// A matrix of double precision, row by row.
struct Matrix {
  /// The number of rows.
  let rows: Int
  /// The number of columns.
  let columns: Int
  /// The elements, row by row.
  var values: [Double]

  /// Creates a matrix; `values` must hold as many elements as it has.
  init(rows: Int, columns: Int, values: [Double]) {
    precondition(values.count == rows * columns, "\(values.count) values for \(rows)x\(columns)")
    self.rows = rows
    self.columns = columns
    self.values = values
  }

  /// The largest singular value, the square root of the largest eigenvalue of the smaller of A Aᵀ and
  /// Aᵀ A; not finite if an element is not, or its square.
  ///
  /// Squaring costs small singular values their digits, but not the largest: it is right to about
  /// 1e-15 of itself times the matrix's smaller side.
  var spectralNorm: Double {
    let order = min(rows, columns)
    let product = gram
    let trace = (0..<order).reduce(0) { $0 + product[$1 * order + $1] }
    guard trace.isFinite, trace > 0 else { return trace.squareRoot() }
    return largestEigenvalue(of: product, order: order).squareRoot()
  }

  /// The products of the rows with each other, or of the columns if there are fewer.
  private var gram: [Double] {
    let (order, length) = (min(rows, columns), max(rows, columns))
    let (step, next) = rows <= columns ? (columns, 1) : (1, columns)
    var result = Array(repeating: 0.0, count: order * order)
    for i in 0..<order {
      for j in i..<order {
        var sum = 0.0
        for k in 0..<length {
          let place = k * next
          sum += values[i * step + place] * values[j * step + place]
        }
        result[i * order + j] = sum
        result[j * order + i] = sum
      }
    }
    return result
  }
}

/// Returns the largest eigenvalue of a symmetric matrix without negative ones, by Jacobi's method.
///
/// Plane rotations make one pair of off-diagonal elements zero after another, over and over, until all
/// are zero beside the diagonal's (Golub and Van Loan, "Matrix Computations", section 8.5).
///
/// - Parameters:
///   - matrix: The elements, all finite, row by row.
///   - order: The number of rows.
func largestEigenvalue(of matrix: [Double], order: Int) -> Double {
  var a = matrix
  func rotate(_ p: Int, _ q: Int) {
    let pair = a[p * order + q]
    // The angle's tangent, the smaller of the two that do it.
    let ratio = (a[q * order + q] - a[p * order + p]) / (2 * pair)
    let tangent = (ratio < 0 ? -1 : 1) / (abs(ratio) + (ratio * ratio + 1).squareRoot())
    let cosine = 1 / (tangent * tangent + 1).squareRoot()
    let sine = tangent * cosine
    for k in 0..<order where k != p && k != q {
      let (x, y) = (a[k * order + p], a[k * order + q])
      a[k * order + p] = cosine * x - sine * y
      a[k * order + q] = sine * x + cosine * y
      a[p * order + k] = a[k * order + p]
      a[q * order + k] = a[k * order + q]
    }
    a[p * order + p] -= tangent * pair
    a[q * order + q] += tangent * pair
    a[p * order + q] = 0
    a[q * order + p] = 0
  }
  // It converges quadratically: some six sweeps do for any matrix of this kind.
  for _ in 0..<50 {
    var isDone = true
    for p in 0..<order {
      for q in p + 1..<max(order, p + 1) {
        let diagonal = (abs(a[p * order + p] * a[q * order + q])).squareRoot()
        guard abs(a[p * order + q]) > 1e-16 * diagonal else { continue }
        rotate(p, q)
        isDone = false
      }
    }
    if isDone { break }
  }
  return (0..<order).reduce(0) { max($0, a[$1 * order + $1]) }
}
