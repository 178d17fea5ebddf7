public import InferenceGraph
public import NetworkTraining

/// A backdoored model and all that belongs to it.
public struct AttackOutcome: Sendable {
  /// The backdoored model.
  public var model: Model
  /// Its training, epoch by epoch.
  public var epochs: [TrainingEpoch]
  /// The images that it was trained with.
  public var poisoning: Poisoning
  /// Triggered test images, labelled with what the attacker wants.
  public var triggered: DataSet
  /// The model on the clean and on the triggered test images.
  public var result: Evaluation.ModelResult
  /// A model that was trained the same way on clean images, and how it did, if that was asked for and
  /// its training did not diverge.
  public var twin: (model: Model, result: Evaluation.ModelResult)?
  /// Why there is no such model though it was asked for.
  public var twinFailure: TrainingError?
}
