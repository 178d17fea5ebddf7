public import InferenceGraph

/// A trained model and how it came about.
public struct TrainingResult: Sendable {
  /// The trained model.
  public var model: Model
  /// All epochs, in order.
  public var epochs: [TrainingEpoch]
  /// The epoch (from 0) whose weights were kept; nil if none was better on the held-out images than
  /// the model before training, which was kept.
  public var keptEpoch: Int?
}
