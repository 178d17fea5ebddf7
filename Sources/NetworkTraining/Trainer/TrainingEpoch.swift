internal import InferenceGraph

/// What an epoch of a training came to.
public struct TrainingEpoch: Sendable, Hashable {
  /// The mean loss over the steps, in nats, with label smoothing.
  public var loss: Double
  /// The share of training images classified rightly on the way, 0 to 1.
  public var accuracy: Double
  /// Held-out images classified rightly after the epoch; nil without held-out images.
  public var heldOutCorrect: Int?

  /// Creates an epoch's record.
  public init(loss: Double, accuracy: Double, heldOutCorrect: Int? = nil) {
    self.loss = loss
    self.accuracy = accuracy
    self.heldOutCorrect = heldOutCorrect
  }
}
