public import InferenceGraph

/// A trained model and the course of its training.
public struct TrainingResult: Sendable {
  /// The trained model.
  public var model: Model
  /// The results of all epochs, in order.
  public var epochs: [TrainingEpoch]
  /// The epoch, counted from 0, whose weights were kept; nil if the model before training was kept
  /// because no epoch was better on the held-out images.
  public var keptEpoch: Int?
}
