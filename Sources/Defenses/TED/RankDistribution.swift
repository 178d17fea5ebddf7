/// The distribution of clean images' ranks, and how far an image's ranks lie from it.
///
/// The deviation of ranks r is the sum of y_j^2 / λ_j over all principal components of the clean
/// ranks, with y_j the component of r - mean and λ_j its variance: (r - mean)' C^-1 (r - mean),
/// with C the covariance. To C belongs the variance of rounding to whole ranks, 1/12 on the
/// diagonal: without it a layer whose clean ranks are all 0 would count nothing.
///
/// Source of the score: Shyu, Chen, Sarinnapakorn and Chang, "A Novel Anomaly Detection Scheme Based
/// on Principal Component Classifier", 2003.
struct RankDistribution: Sendable {
  /// The mean rank of each layer.
  let mean: [Double]
  /// The lower triangle L of C = L L', row by row.
  private let triangle: [[Double]]

  /// Computes the distribution; its bits do not depend on the order of the images.
  ///
  /// - Parameter ranks: `[images][layers]`, at least two images.
  init(of ranks: [[Int]]) {
    let (count, layers) = (Double(ranks.count), ranks[0].count)
    // Sums of integers are exact.
    var sums = [Int](repeating: 0, count: layers)
    var products = [[Int]](repeating: sums, count: layers)
    for row in ranks {
      for i in 0..<layers {
        sums[i] += row[i]
        for j in 0...i { products[i][j] += row[i] * row[j] }
      }
    }
    mean = sums.map { Double($0) / count }
    var triangle = [[Double]](repeating: Array(repeating: 0, count: layers), count: layers)
    for i in 0..<layers {
      for j in 0...i {
        var value =
          (Double(products[i][j]) - Double(sums[i]) * Double(sums[j]) / count) / (count - 1)
        if i == j { value += 1.0 / 12 }
        for k in 0..<j { value -= triangle[i][k] * triangle[j][k] }
        // Positive but for rounding, as 1/12 is on the diagonal.
        triangle[i][j] = i == j ? max(value, 1e-9).squareRoot() : value / triangle[j][j]
      }
    }
    self.triangle = triangle
  }

  /// Returns the deviation of an image's ranks, 0 or more.
  func deviation(of ranks: [Int]) -> Double {
    var solved: [Double] = []
    for i in ranks.indices {
      var value = Double(ranks[i]) - mean[i]
      for j in 0..<i { value -= triangle[i][j] * solved[j] }
      solved.append(value / triangle[i][i])
    }
    return solved.reduce(0) { $0 + $1 * $1 }
  }
}
