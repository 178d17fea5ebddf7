public import InferenceGraph
public import NetworkTraining

/// A backdoored model with its training and its results.
public struct AttackOutcome: Sendable {
  /// The backdoored model.
  public var model: Model
  /// The training history, epoch by epoch.
  public var epochs: [TrainingEpoch]
  /// The training images, some of them poisoned.
  public var poisoning: Poisoning
  /// The triggered test images, labelled with the attacker's class.
  public var triggered: DataSet
  /// The model's results on the clean and the triggered test images.
  public var result: Evaluation.ModelResult
  /// The clean twin and its results; nil if not requested or if its training failed.
  public var twin: (model: Model, result: Evaluation.ModelResult)?
  /// The error that stopped the training of a requested clean twin.
  public var twinFailure: TrainingError?
}
