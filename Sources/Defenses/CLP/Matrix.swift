/// A matrix in double precision, row-major.
struct Matrix {
  let rows: Int
  let columns: Int
  /// The elements, row-major.
  var values: [Double]

  /// Creates a matrix; `values` must have rows * columns elements.
  init(rows: Int, columns: Int, values: [Double]) {
    precondition(values.count == rows * columns, "\(values.count) values for \(rows)x\(columns)")
    self.rows = rows
    self.columns = columns
    self.values = values
  }

  /// The largest singular value, the square root of the largest eigenvalue of the smaller of A Aᵀ
  /// and Aᵀ A; not finite if an element or its square is not finite.
  ///
  /// Squaring loses the digits of small singular values, but not of the largest: its relative error
  /// is about 1e-15 times the matrix's smaller side.
  var spectralNorm: Double {
    let order = min(rows, columns)
    let product = gram
    let trace = (0..<order).reduce(0) { $0 + product[$1 * order + $1] }
    guard trace.isFinite, trace > 0 else { return trace.squareRoot() }
    return largestEigenvalue(of: product, order: order).squareRoot()
  }

  /// The inner products of the rows, or of the columns if there are fewer of them, row-major.
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
