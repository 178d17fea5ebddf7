internal import InferenceGraph

/// The results of an epoch of training.
public struct TrainingEpoch: Sendable, Hashable {
  /// The mean loss over the steps, in nats, with label smoothing.
  public var loss: Double
  /// The share of training images classified correctly in the forward passes, 0 to 1.
  public var accuracy: Double
  /// The number of held-out images classified correctly after the epoch; nil without held-out
  /// images.
  public var heldOutCorrect: Int?

  /// Creates an epoch's record.
  public init(loss: Double, accuracy: Double, heldOutCorrect: Int? = nil) {
    self.loss = loss
    self.accuracy = accuracy
    self.heldOutCorrect = heldOutCorrect
  }
}
