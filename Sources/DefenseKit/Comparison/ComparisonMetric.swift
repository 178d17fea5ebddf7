/// A figure of a comparison, with the name that files give it.
public enum ComparisonMetric: String, CaseIterable, Sendable, Codable {
  /// The share of clean test images that get their class; flagged ones do not.
  case cleanAccuracy = "clean_accuracy"
  /// The share of triggered images that get the attacker's class; flagged ones do not.
  case attackSuccess = "attack_success"
  /// The share of triggered images that get the class that they show.
  case robustAccuracy = "robust_accuracy"
  /// ``Evaluation/ModelResult/effectiveness(against:)``; doing nothing has 0.5.
  case effectiveness = "defense_effectiveness"
  /// The area under a detector's ROC curve.
  case auroc
  /// The share of triggered images that a detector flags, of poisoned ones that a data-set detector drops.
  case truePositives = "true_positive_rate"
  /// The share of clean images that a detector flags, of others that a data-set detector drops.
  case falsePositives = "false_positive_rate"
  /// The accuracy on clean images that pass a detector.
  case filteredAccuracy = "filtered_accuracy"
  /// The attack success on triggered images that pass a detector.
  case filteredAttackSuccess = "filtered_attack_success"
  /// ``ModelVerdict/statistic``, where it is finite.
  case statistic = "verdict_statistic"
  /// Whether a verdict holds the model to be backdoored: 1 or 0, over seeds the share.
  case backdoored
  /// The number of clean images that defense and detector were given to learn from.
  case cleanSamples = "clean_samples"
  /// ``UnitCost/seconds``.
  case seconds
  /// ``UnitCost/peakMemory``, in bytes.
  case peakMemory = "peak_memory"

  /// Whether it may differ the next time, as times do.
  public var isCost: Bool { self == .seconds || self == .peakMemory }

  /// Whether it is a share, 0 to 1, that people read as per cent.
  public var isShare: Bool {
    switch self {
    case .effectiveness, .auroc, .statistic, .cleanSamples, .seconds, .peakMemory: false
    default: true
    }
  }
}
