/// Returns the area under the ROC curve of a score: the chance that a random positive scores higher
/// than a random negative, ties counted half.
///
/// The pairs are counted exactly, in integers, from the sorted scores (the statistic of Mann and
/// Whitney, 1947; its use as the area: Hanley and McNeil, 1982). NaN counts as the highest score.
///
/// - Returns: 0 to 1; nil if there are no negatives or no positives.
public func areaUnderROC(negatives: [Float], positives: [Float]) -> Double? {
  guard !negatives.isEmpty, !positives.isEmpty else { return nil }
  let low = negatives.map(ordered).sorted()
  let high = positives.map(ordered).sorted()
  // Twice the number of correctly ordered pairs plus the ties, so that halves stay integers.
  var doubled = 0
  var below = 0
  var upTo = 0
  for score in high {
    while below < low.count, low[below] < score { below += 1 }
    while upTo < low.count, low[upTo] <= score { upTo += 1 }
    doubled += below + upTo
  }
  return Double(doubled) / (2 * Double(low.count) * Double(high.count))
}

private func ordered(_ score: Float) -> Float { score.isNaN ? .infinity : score }
