/// A data-set detector's scores of the images of a training set.
public struct DataSetScores: Sendable, Hashable {
  /// `scores[i]`: the score of image i, on any scale; higher is more suspicious, NaN is no score.
  public var scores: [Double]
  /// The positions of the images to drop before training, ascending; nil if the method only ranks.
  public var dropped: [Int]?

  /// Creates scores.
  public init(scores: [Double], dropped: [Int]? = nil) {
    self.scores = scores
    self.dropped = dropped
  }
}
