/// The course of a pruning sweep over the defense's clean data.
public struct PruningCurve: Sendable, Hashable {
  /// The layer whose channels were pruned one after another.
  public var layer: String
  /// The channels, first pruned first.
  public var order: [Int]
  /// Whether a pruned channel's bias went to zero with its kernel.
  public var prunesBias: Bool
  /// `correct[k]`: the images classified rightly after k channels; k = 0 is the suspect itself.
  public var correct: [Int]
  /// `nonfinite[k]`: the images without a class after k channels (see `noClass`).
  public var nonfinite: [Int]
  /// The number of images.
  public var images: Int

  /// Creates a curve; `correct` must hold one number more than `order`, and so must `nonfinite`,
  /// where nil means none at all.
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

  /// How the network after `count` channels classifies the images.
  public func counts(after count: Int) -> CleanCounts {
    CleanCounts(correct: correct[count], nonfinite: nonfinite[count], images: images)
  }
}
