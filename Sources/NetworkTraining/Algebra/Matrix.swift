internal import COpenBLAS

/// A matrix of doubles.
public struct Matrix: Sendable, Hashable {
  /// The number of rows.
  public let rows: Int
  /// The number of columns.
  public let columns: Int
  /// The elements, `[rows][columns]`.
  public var values: [Double]

  /// Creates a matrix from its elements, `[rows][columns]`.
  public init(rows: Int, columns: Int, values: [Double]) {
    precondition(values.count == rows * columns, "\(values.count) for \(rows) x \(columns)")
    self.rows = rows
    self.columns = columns
    self.values = values
  }

  /// Creates a matrix of equal elements.
  public init(rows: Int, columns: Int, repeating value: Double = 0) {
    self.init(
      rows: rows, columns: columns, values: Array(repeating: value, count: rows * columns))
  }

  /// Creates a diagonal matrix.
  public init(diagonal: [Double]) {
    self.init(rows: diagonal.count, columns: diagonal.count)
    for (index, value) in diagonal.enumerated() { self[index, index] = value }
  }

  /// The element of a row and a column.
  public subscript(row: Int, column: Int) -> Double {
    get { values[row * columns + column] }
    set { values[row * columns + column] = newValue }
  }

  /// Returns the elements of a row.
  public func row(_ index: Int) -> ArraySlice<Double> {
    values[index * columns..<(index + 1) * columns]
  }

  /// The matrix with rows and columns exchanged.
  public var transposed: Matrix {
    var result = Matrix(rows: columns, columns: rows)
    for row in 0..<rows {
      for column in 0..<columns { result[column, row] = self[row, column] }
    }
    return result
  }

  /// The sum of the diagonal.
  public var trace: Double { (0..<min(rows, columns)).reduce(0) { $0 + self[$1, $1] } }

  /// Returns the first columns.
  public func prefix(columns count: Int) -> Matrix {
    var result: [Double] = []
    result.reserveCapacity(rows * count)
    for row in 0..<rows { result += self.row(row).prefix(count) }
    return Matrix(rows: rows, columns: count, values: result)
  }

  /// Returns the rows at the given positions, in that order.
  public func selecting(rows indices: [Int]) -> Matrix {
    var result: [Double] = []
    result.reserveCapacity(indices.count * columns)
    for index in indices { result += row(index) }
    return Matrix(rows: indices.count, columns: columns, values: result)
  }

  /// Returns the mean of all rows; zeros for a matrix without rows.
  public func meanRow() -> [Double] {
    var sums = [Double](repeating: 0, count: columns)
    for row in 0..<rows {
      for column in 0..<columns { sums[column] += values[row * columns + column] }
    }
    return rows > 0 ? sums.map { $0 / Double(rows) } : sums
  }

  /// Returns the matrix with `offset` subtracted from every row.
  public func subtracting(fromRows offset: [Double]) -> Matrix {
    precondition(offset.count == columns, "\(offset.count) for \(columns) columns")
    var result = self
    for row in 0..<rows {
      for column in 0..<columns { result.values[row * columns + column] -= offset[column] }
    }
    return result
  }

  /// Returns the covariance of the columns, divided by the number of rows.
  public func covariance() -> Matrix {
    let centered = subtracting(fromRows: meanRow())
    var result = centered.transposedTimes(centered)
    for index in result.values.indices { result.values[index] /= Double(max(rows, 1)) }
    return result
  }

  /// Returns the product with another matrix.
  public static func * (left: Matrix, right: Matrix) -> Matrix {
    precondition(left.columns == right.rows, "\(left.columns) columns by \(right.rows) rows")
    return product(left, right, (left.rows, left.columns, right.columns))
  }

  /// Returns the product of this matrix, transposed, with another one.
  public func transposedTimes(_ other: Matrix) -> Matrix {
    precondition(rows == other.rows, "\(rows) rows by \(other.rows)")
    return Self.product(self, other, (columns, rows, other.columns), transposesLeft: true)
  }

  /// Returns the product of this matrix with another one, transposed.
  public func timesTransposed(_ other: Matrix) -> Matrix {
    precondition(columns == other.columns, "\(columns) columns by \(other.columns)")
    return Self.product(self, other, (rows, columns, other.rows), transposesRight: true)
  }

  private static func product(
    _ left: Matrix, _ right: Matrix, _ size: (rows: Int, inner: Int, columns: Int),
    transposesLeft: Bool = false, transposesRight: Bool = false
  ) -> Matrix {
    var result = Matrix(rows: size.rows, columns: size.columns)
    guard size.rows > 0, size.inner > 0, size.columns > 0 else { return result }
    // With one thread, sums have the same order on every machine.
    openblas_set_num_threads(1)
    // BLAS reads and writes the arrays, whose sizes are checked above.
    unsafe cblas_dgemm(
      CblasRowMajor, transposesLeft ? CblasTrans : CblasNoTrans,
      transposesRight ? CblasTrans : CblasNoTrans, blasint(size.rows), blasint(size.columns),
      blasint(size.inner), 1, left.values, blasint(left.columns), right.values,
      blasint(right.columns), 0, &result.values, blasint(size.columns))
    return result
  }
}
