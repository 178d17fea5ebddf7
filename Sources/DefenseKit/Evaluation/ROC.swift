/// Returns the area under the ROC curve of a score: the chance that a random positive scores
/// higher than a random negative, ties counted half.
///
/// The pairs are counted exactly, in integers, from the sorted scores (the statistic of Mann and
/// Whitney, 1947; its use as the area: Hanley and McNeil, 1982). A score that is not a number
/// counts as the most suspicious there is, as an image that breaks the computation should.
///
/// - Returns: 0 to 1, or nil if there are no negatives or no positives.
public func areaUnderROC(negatives: [Float], positives: [Float]) -> Double? {
  guard !negatives.isEmpty, !positives.isEmpty else { return nil }
  let low = negatives.map(ordered).sorted()
  let high = positives.map(ordered).sorted()
  // Twice the number of pairs in the right order, ties once, so that halves stay integers.
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
