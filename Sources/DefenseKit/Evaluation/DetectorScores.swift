/// A detector's scores of test and poisoned images; a higher score is more suspicious. Images
/// without a verdict (see ``Detection/noVerdict``) have none.
public struct DetectorScores: Sendable, Hashable {
  /// The scores of the test images.
  public var test: [Float]
  /// The scores of the poisoned images, without those that show the target class anyway (see
  /// ``AttackCounts``).
  public var poisoned: [Float]

  /// Creates scores.
  public init(test: [Float] = [], poisoned: [Float] = []) {
    self.test = test
    self.poisoned = poisoned
  }

  /// The area under the ROC curve, poisoned against test images; nil if either list is empty.
  public var auroc: Double? { areaUnderROC(negatives: test, positives: poisoned) }

  /// The number of NaN scores, which rank as most suspicious.
  public var unscored: Int { test.count { $0.isNaN } + poisoned.count { $0.isNaN } }

  /// Returns the ROC curve: for each threshold, the shares of test and poisoned images that score
  /// at least that high.
  ///
  /// - Parameter points: The maximum number of points, 2 or more. Every point omitted has a
  ///   neighbour on the curve within 2 / (`points` - 1), adding the differences of both shares.
  /// - Returns: Points from (0, 0) to (1, 1), both shares ascending; empty if either list of scores
  ///   is.
  public func roc(points: Int = 200) -> [ROCPoint] {
    guard !test.isEmpty, !poisoned.isEmpty else { return [] }
    let all =
      (test.map { (rank($0), false) } + poisoned.map { (rank($0), true) })
      .sorted { $0.0 > $1.0 }
    var curve = [ROCPoint(falsePositives: 0, truePositives: 0)]
    var (low, high) = (0, 0)
    for (position, (score, isPoisoned)) in all.enumerated() {
      if isPoisoned { high += 1 } else { low += 1 }
      // Equal scores cannot be told apart: they are one step.
      if position + 1 < all.count, all[position + 1].0 == score { continue }
      curve.append(
        ROCPoint(
          falsePositives: share(low, test.count), truePositives: share(high, poisoned.count)))
    }
    return thinned(curve, to: max(2, points))
  }

  /// Keeps both ends and the first point in each of `count` - 1 equal parts of the curve.
  private func thinned(_ curve: [ROCPoint], to count: Int) -> [ROCPoint] {
    guard curve.count > count else { return curve }
    // Both shares together rise from 0 to 2.
    var result = [curve[0]]
    for point in curve.dropFirst().dropLast() {
      let part = { (point: ROCPoint) in
        Int((point.falsePositives + point.truePositives) / 2 * Double(count - 1))
      }
      if part(point) > part(result[result.count - 1]) { result.append(point) }
    }
    return result + [curve[curve.count - 1]]
  }

  /// Counts scores in equal bins between the lowest and the highest finite score.
  ///
  /// Infinite scores count in the bin at their end; NaN counts as highest.
  ///
  /// - Parameter bins: The number of bins.
  /// - Returns: The histogram; nil if no score is finite.
  public func histogram(bins: Int = 40) -> ScoreHistogram? {
    let finite = (test + poisoned).filter(\.isFinite)
    guard let low = finite.min(), let high = finite.max() else { return nil }
    func counts(_ scores: [Float]) -> [Int] {
      var counts = Array(repeating: 0, count: bins)
      for score in scores.map(rank) {
        let place = (Double(score) - Double(low)) / max(Double(high) - Double(low), 1e-300)
        counts[min(bins - 1, Int(min(max(place, 0), 1) * Double(bins)))] += 1
      }
      return counts
    }
    return ScoreHistogram(
      low: Double(low), high: Double(high), test: counts(test), poisoned: counts(poisoned))
  }

  private func rank(_ score: Float) -> Float { score.isNaN ? .infinity : score }
}
