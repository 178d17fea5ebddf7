public import DefenseKit

/// Trains the suspect further on clean images: the baseline of every comparison.
///
/// A network that is trained on clean data forgets some of what it learned from other data. How
/// much depends on how far the weights move. The cited paper finds fine-tuning alone weak, because
/// clean images yield little gradient for the channels that only the trigger activates; the
/// defaults of `FineTuningOptions` move the weights far. A part of the images is held out
/// to judge the training.
///
/// Source: Liu, Dolan-Gavitt and Garg, "Fine-Pruning: Defending Against Backdooring Attacks on Deep
/// Neural Networks", RAID 2018, section 3.3.
public struct FineTuning: Defense {
  /// "fine-tuning".
  public static let name = "fine-tuning"
  /// One sentence for listings.
  public static let summary = "Trains the model further on clean images."

  /// The options of this defense.
  public let options: FineTuningOptions

  /// Creates the defense with all defaults.
  public init() { options = FineTuningOptions() }

  /// Creates the defense.
  ///
  /// - Throws: `PluginError` for an option out of range.
  public init(options: FineTuningOptions) throws(PluginError) {
    try options.check(for: Self.name)
    self.options = options
  }

  /// Returns one tuned model.
  ///
  /// - Throws: The errors of `FineTuner.tune(_:suspect:using:_:in:)`.
  public func repair(
    _ model: Model, using clean: CleanData?, in context: RunContext
  ) throws -> [Repair] {
    let clean = try required(clean)
    let tuned = try FineTuner(options, for: Self.name).tune(model, using: clean, in: context)
    context.checkBaseline(
      correct: tuned.initial.correct, images: clean.count, of: model, on: clean)
    return [
      Repair(
        model: tuned.model, defense: Self.name, heldOut: tuned.heldOut, clean: tuned.clean,
        tuning: tuned.summary)
    ]
  }
}
