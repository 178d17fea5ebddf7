public import InferenceGraph
public import NetworkTraining

/// A backdoored model with its training and its results.
public struct AttackOutcome: Sendable {
  /// The results of one of an attack's other triggers.
  public struct Other: Sendable {
    /// The trigger.
    public var trigger: Trigger
    /// The test images with this trigger, labelled with the attacker's class.
    public var triggered: DataSet
    /// The model's results on them.
    public var result: Evaluation.ModelResult
  }

  /// The backdoored model.
  public var model: Model
  /// The training history, epoch by epoch; of the clean model if the attack edits that.
  public var epochs: [TrainingEpoch]
  /// The attack's trigger, fitted to a network if the attack does so.
  public var trigger: Trigger
  /// The training images, some of them poisoned.
  public var poisoning: Poisoning
  /// The triggered test images, labelled with the attacker's class.
  public var triggered: DataSet
  /// The model's results on the clean and the triggered test images.
  public var result: Evaluation.ModelResult
  /// The results of the attack's other triggers, each on its own images.
  public var others: [Other] = []
  /// The clean twin and its results; nil if not requested or if its training failed.
  public var twin: (model: Model, result: Evaluation.ModelResult)?
  /// The error that stopped the training of a requested clean twin.
  public var twinFailure: TrainingError?
}
