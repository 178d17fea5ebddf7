extension SpectralSignatures {
  /// Returns the squared components of the centered rows along their top right singular vector.
  ///
  /// - Parameters:
  ///   - rows: `[count][elements]`, all finite.
  ///   - count: The number of rows.
  static func signatures(of rows: [Float], count: Int) -> [Double] {
    guard count > 1 else { return Array(repeating: 0, count: count) }
    let size = rows.count / count
    var mean = [Double](repeating: 0, count: size)
    for row in 0..<count {
      for column in 0..<size { mean[column] += Double(rows[row * size + column]) }
    }
    for column in 0..<size { mean[column] /= Double(count) }
    let centered = Centered(rows: rows, mean: mean, count: count)
    let direction = centered.topDirection()
    return centered.products(with: direction).map { $0 * $0 }
  }
}

/// A matrix whose rows have a mean of zero.
private struct Centered {
  /// The rows before centering, `[count][elements]`.
  let rows: [Float]
  let mean: [Double]
  let count: Int

  /// The largest turn of the direction in the last step, as 1 minus the cosine.
  private static let tolerance = 1e-13
  private static let maximumSteps = 2_000

  /// Returns the product of every row with a vector.
  func products(with vector: [Double]) -> [Double] {
    let size = mean.count
    let offset = zip(mean, vector).reduce(0) { $0 + $1.0 * $1.1 }
    return (0..<count).map { row in
      // Eight partial sums, so that the loop uses vector instructions.
      var sums = SIMD8<Double>(repeating: 0)
      let start = row * size
      var column = 0
      while column + 8 <= size {
        var a = SIMD8<Float>()
        var b = SIMD8<Double>()
        for lane in 0..<8 {
          a[lane] = rows[start + column + lane]
          b[lane] = vector[column + lane]
        }
        sums += SIMD8<Double>(a) * b
        column += 8
      }
      var sum = sums.sum()
      while column < size {
        sum += Double(rows[start + column]) * vector[column]
        column += 1
      }
      return sum - offset
    }
  }

  /// Returns the sum of the rows, each multiplied by its factor.
  private func combination(_ factors: [Double]) -> [Double] {
    let size = mean.count
    var sums = [Double](repeating: 0, count: size)
    var total = 0.0
    for (row, factor) in factors.enumerated() {
      total += factor
      let start = row * size
      for column in 0..<size { sums[column] += factor * Double(rows[start + column]) }
    }
    for column in 0..<size { sums[column] -= total * mean[column] }
    return sums
  }

  /// Returns the unit vector v with the largest |M v|, or any one of several.
  ///
  /// The power method on M^T M starts with the longest row.
  func topDirection() -> [Double] {
    let size = mean.count
    func row(_ index: Int) -> [Double] {
      (0..<size).map { Double(rows[index * size + $0]) - mean[$0] }
    }
    func norm(_ vector: [Double]) -> Double {
      vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
    }
    var longest = (index: 0, norm: -1.0)
    for index in 0..<count {
      let length = norm(row(index))
      if length > longest.norm { longest = (index, length) }
    }
    guard longest.norm > 0 else { return Array(repeating: 0, count: size) }
    var vector = row(longest.index).map { $0 / longest.norm }
    for _ in 0..<Self.maximumSteps {
      let next = combination(products(with: vector))
      let length = norm(next)
      guard length > 0 else { break }
      let unit = next.map { $0 / length }
      let cosine = zip(unit, vector).reduce(0) { $0 + $1.0 * $1.1 }
      vector = unit
      if 1 - cosine < Self.tolerance { break }
    }
    return vector
  }
}
