/// The results of a pruning sweep on the defense's clean images.
public struct PruningCurve: Sendable, Hashable {
  /// The layer whose channels were pruned one after another.
  public var layer: String
  /// The channels in the order of pruning.
  public var order: [Int]
  /// Whether pruning a channel also sets its bias to zero.
  public var prunesBias: Bool
  /// `correct[k]`: the number of correctly classified images after k channels; k = 0 is the
  /// suspect.
  public var correct: [Int]
  /// `nonfinite[k]`: the number of undefined images after k channels (see `Prediction.undefined`).
  public var nonfinite: [Int]
  /// The number of images.
  public var images: Int

  /// Creates a curve; `correct` and `nonfinite` must have one element more than `order`. A nil
  /// `nonfinite` stands for zeros.
  public init(
    layer: String, order: [Int], prunesBias: Bool, correct: [Int], nonfinite: [Int]? = nil,
    images: Int
  ) {
    precondition(
      correct.count == order.count + 1, "\(correct.count) counts for \(order.count) channels")
    self.nonfinite = nonfinite ?? correct.map { _ in 0 }
    precondition(
      self.nonfinite.count == correct.count,
      "\(self.nonfinite.count) counts of images without a class for \(correct.count) steps")
    self.layer = layer
    self.order = order
    self.prunesBias = prunesBias
    self.correct = correct
    self.images = images
  }

  /// Returns how the network with `count` pruned channels classifies the images.
  public func counts(after count: Int) -> CleanCounts {
    CleanCounts(correct: correct[count], nonfinite: nonfinite[count], images: images)
  }
}
