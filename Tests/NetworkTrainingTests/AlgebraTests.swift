import NetworkTraining
import Testing

@Suite("Linear algebra")
struct AlgebraTests {
  private func random(_ rows: Int, _ columns: Int, _ numbers: inout SeededGenerator) -> Matrix {
    Matrix(rows: rows, columns: columns, values: numbers.normals(rows * columns))
  }

  private func distance(_ a: Matrix, _ b: Matrix) -> Double {
    guard a.rows == b.rows, a.columns == b.columns else { return .infinity }
    return zip(a.values, b.values).reduce(0) { max($0, abs($1.0 - $1.1)) }
  }

  @Test("Products are those of plain loops", arguments: 1...20)
  func products(seed: UInt64) {
    var numbers = SeededGenerator(seed: seed)
    let (m, k, n) = (1 + numbers.below(30), 1 + numbers.below(30), 1 + numbers.below(30))
    let (a, b) = (random(m, k, &numbers), random(k, n, &numbers))
    var plain = Matrix(rows: m, columns: n)
    for i in 0..<m {
      for j in 0..<n { for l in 0..<k { plain[i, j] += a[i, l] * b[l, j] } }
    }
    for product in [a * b, a.transposed.transposedTimes(b), a.timesTransposed(b.transposed)] {
      #expect(distance(product, plain) < 1e-12, "\(m) x \(k) x \(n), seed \(seed)")
    }
    let mean = a.meanRow()
    var covariance = Matrix(rows: k, columns: k)
    for i in 0..<k {
      for j in 0..<k {
        for row in 0..<m {
          covariance[i, j] += (a[row, i] - mean[i]) * (a[row, j] - mean[j]) / Double(m)
        }
      }
    }
    #expect(distance(a.covariance(), covariance) < 1e-12, "\(m) x \(k), seed \(seed)")
  }

  @Test("Eigenvectors are orthonormal and give the matrix back", arguments: 1...40)
  func eigen(seed: UInt64) {
    var numbers = SeededGenerator(seed: seed)
    let n = 1 + numbers.below(60)
    // Of low rank, with equal eigenvalues, diagonal, or general.
    let factor = random(n, seed % 4 == 0 ? 1 + n / 3 : n, &numbers)
    var matrix = factor.timesTransposed(factor)
    if seed % 4 == 1 { matrix = Matrix(diagonal: (0..<n).map { Double($0 % 3) }) }
    if seed % 4 == 2 {
      for i in 0..<n { for j in 0..<n { matrix[i, j] = i == j ? 2 : 1 } }
    }
    let eigen = SymmetricEigen(matrix)
    let identity = Matrix(diagonal: Array(repeating: 1, count: n))
    let scale = max(1, abs(eigen.values[0]))
    #expect(distance(eigen.vectors.timesTransposed(eigen.vectors), identity) < 1e-12)
    #expect(distance(eigen.matrix { $0 }, matrix) < 1e-12 * scale, "\(n), seed \(seed)")
    #expect(zip(eigen.values, eigen.values.dropFirst()).allSatisfy { $0 >= $1 })
    if seed % 4 == 2 {
      #expect(abs(eigen.values[0] - Double(n + 1)) < 1e-10)
      #expect(eigen.values.dropFirst().allSatisfy { abs($0 - 1) < 1e-10 })
    }
  }

  @Test("Eigenvalues, worked by hand")
  func byHand() {
    #expect(SymmetricEigen(Matrix(diagonal: [3])).values == [3])
    #expect(SymmetricEigen(Matrix(diagonal: [0, 0])).values == [0, 0])
    #expect(SymmetricEigen(Matrix(diagonal: [1, 5, -2])).values == [5, 1, -2])
    let found = SymmetricEigen(Matrix(rows: 2, columns: 2, values: [2, 1, 1, 2])).values
    #expect(abs(found[0] - 3) < 1e-15 && abs(found[1] - 1) < 1e-15)
  }

  @Test("Principal components, with more rows or more columns", arguments: 1...12)
  func components(seed: UInt64) {
    var numbers = SeededGenerator(seed: seed)
    let (count, size) = (2 + numbers.below(40), 1 + numbers.below(40))
    let rows = numbers.normals(count * size).map { Float($0 + 5) }
    let most = 1 + numbers.below(size)
    let found = PrincipalComponents(of: rows, count: count, most: most)
    let whole = Matrix(rows: count, columns: size, values: rows.map(Double.init))
    let eigen = SymmetricEigen(whole.covariance())
    let rank = min(size, count - 1, most)
    #expect(found.variances.count == rank, "\(count) x \(size), most \(most), seed \(seed)")
    for (variance, value) in zip(found.variances, eigen.values) {
      #expect(abs(variance - value) < 1e-10, "seed \(seed)")
    }
    // The covariance of the projections is diagonal.
    let covariance = found.projections(of: rows).covariance()
    #expect(distance(covariance, Matrix(diagonal: found.variances)) < 1e-10, "seed \(seed)")
  }

  @Test("Many rows and columns: the first directions, by iteration")
  func subspace() {
    var numbers = SeededGenerator(seed: 4)
    let (count, size) = (1030, 1040)
    let directions = (0..<3).map { _ in numbers.normals(size) }
    var rows: [Float] = []
    for _ in 0..<count {
      var row = numbers.normals(size)
      for (axis, along) in numbers.normals(3).enumerated() {
        let factor = Double(4 - axis) * along
        for column in 0..<size { row[column] += factor * directions[axis][column] }
      }
      rows += row.map { Float($0) }
    }
    let found = PrincipalComponents(of: rows, count: count, most: 3)
    let covariance = found.projections(of: rows).covariance()
    #expect(distance(covariance, Matrix(diagonal: found.variances)) < 1e-6 * found.variances[0])
    // 16, 9 and 4 times about 1040.
    for (variance, square) in zip(found.variances, [16.0, 9, 4]) {
      #expect(abs(variance / 1040 / square - 1) < 0.2)
    }
    let whole = Matrix(rows: count, columns: size, values: rows.map(Double.init))
    let products = whole.covariance() * found.directions.transposed
    for (row, variance) in found.variances.enumerated() {
      for column in 0..<size {
        #expect(
          abs(products[column, row] - variance * found.directions[row, column]) < 1e-6 * variance)
      }
    }
  }
}
