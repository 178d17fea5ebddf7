/// A metric of a comparison; the raw value is its name in files.
public enum ComparisonMetric: String, CaseIterable, Sendable, Codable {
  /// The share of clean test images that get their own class; a flagged image counts as wrong.
  case cleanAccuracy = "clean_accuracy"
  /// The share of triggered images that get the attacker's class; a flagged image does not.
  case attackSuccess = "attack_success"
  /// The share of triggered images that get the class they show.
  case robustAccuracy = "robust_accuracy"
  /// ``Evaluation/ModelResult/effectiveness(against:)``; 0.5 for an unchanged model.
  case effectiveness = "defense_effectiveness"
  /// The area under a detector's ROC curve.
  case auroc
  /// The share of triggered images that a detector flags, or of poisoned images that a data-set
  /// detector drops.
  case truePositives = "true_positive_rate"
  /// The share of clean images that a detector flags, or of other images that a data-set detector
  /// drops.
  case falsePositives = "false_positive_rate"
  /// The accuracy over the clean images that a detector lets pass.
  case filteredAccuracy = "filtered_accuracy"
  /// The attack success rate over the triggered images that a detector lets pass.
  case filteredAttackSuccess = "filtered_attack_success"
  /// ``ModelVerdict/statistic``, if it is finite.
  case statistic = "verdict_statistic"
  /// Whether a verdict considers the model backdoored: 1 or 0; the share of seeds in summaries.
  case backdoored
  /// The number of clean images that the defense and the detector may learn from.
  case cleanSamples = "clean_samples"
  /// ``UnitCost/seconds``.
  case seconds
  /// ``UnitCost/peakMemory``, in bytes.
  case peakMemory = "peak_memory"

  /// Whether the value differs from run to run.
  public var isCost: Bool { self == .seconds || self == .peakMemory }

  /// Whether the value is a share, 0 to 1, which is shown in per cent.
  public var isShare: Bool {
    switch self {
    case .effectiveness, .auroc, .statistic, .cleanSamples, .seconds, .peakMemory: false
    default: true
    }
  }
}
