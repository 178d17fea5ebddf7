/// How suspicious the images of a training set are.
public struct DataSetScores: Sendable, Hashable {
  /// `scores[i]`: how suspicious image i is; higher is more suspicious, on any scale. NaN: no score.
  public var scores: [Double]
  /// The images to drop before training, in ascending order; nil if the method only ranks.
  public var dropped: [Int]?

  /// Creates scores.
  public init(scores: [Double], dropped: [Int]? = nil) {
    self.scores = scores
    self.dropped = dropped
  }
}
