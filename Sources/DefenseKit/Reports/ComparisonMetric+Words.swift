extension ComparisonMetric {
  /// The metric's name in tables: "Clean accuracy".
  public var title: String {
    switch self {
    case .cleanAccuracy: "Clean accuracy"
    case .attackSuccess: "Attack success"
    case .robustAccuracy: "Robust accuracy"
    case .effectiveness: "Effectiveness"
    case .auroc: "AUROC"
    case .truePositives: "Triggered flagged"
    case .falsePositives: "Clean flagged"
    case .filteredAccuracy: "Accuracy, filtered"
    case .filteredAttackSuccess: "Attack success, filtered"
    case .statistic: "Verdict's statistic"
    case .backdoored: "Backdoored"
    case .cleanSamples: "Clean images used"
    case .seconds: "Seconds"
    case .peakMemory: "Peak memory"
    }
  }

  /// A definition in one or two sentences.
  public var definition: String {
    switch self {
    case .cleanAccuracy:
      "The share of clean test images that get their own class. An image that a detector flags "
        + "counts as wrong. Higher is better."
    case .attackSuccess:
      "The share of triggered test images that get the attacker's class. Images of the target "
        + "class are left out, since they get that class without the trigger. Lower is better."
    case .robustAccuracy:
      "The share of the same triggered images that get the class they show, despite the trigger. "
        + "Higher is better."
    case .effectiveness:
      "The loss of attack success against the loss of clean accuracy: (max(0, fall of attack "
        + "success) − max(0, fall of clean accuracy) + 1) / 2. No change gives 0.5, a perfect "
        + "defense of a perfect attack 1. Below 0.5 a defense does more harm than good."
    case .auroc:
      "The chance that a detector scores a triggered image higher than a clean one, both drawn at "
        + "random; ties count half. 0.5 is guessing, 1 is perfect."
    case .truePositives:
      "The true positive rate: the share of the same triggered images that the detector flags, or "
        + "of the poisoned training images that a data-set detector drops. Higher is better."
    case .falsePositives:
      "The false positive rate: the share of clean images that the detector flags, or of the other "
        + "training images that a data-set detector drops. Lower is better."
    case .filteredAccuracy:
      "The clean accuracy over the images that the detector lets pass. Higher is better."
    case .filteredAttackSuccess:
      "The attack success over the triggered images that the detector lets pass. A high value is "
        + "harmless if few images pass. Lower is better."
    case .cleanSamples:
      "The number of labelled clean images available to defense and detector. Some use only a part "
        + "of them, for example strip."
    case .statistic:
      "How far the most suspicious class stands out, in the verdict's own measure. Above the "
        + "verdict's threshold the model counts as backdoored. Infinite values are left out."
    case .backdoored:
      "The share of seeds for which the verdict calls the model backdoored. High is right for a "
        + "backdoored model, low for an honest one."
    case .seconds:
      "The time of the unit: the defense, shared by all units with the same defense, and the "
        + "evaluation. It differs from run to run."
    case .peakMemory:
      "The peak memory of the process during the unit. It differs from run to run."
    }
  }

  /// The publication that defined the metric; nil for plain shares and amounts.
  public var source: String? {
    switch self {
    case .effectiveness:
      "Defense effectiveness rating: Zhu, Wei, Shen, Fan and Wu, Enhancing Fine-Tuning Based Backdoor "
        + "Defense with Sharpness-Aware Minimization, ICCV 2023."
    case .auroc:
      "Hanley and McNeil, The Meaning and Use of the Area under a Receiver Operating Characteristic "
        + "(ROC) Curve, Radiology 143, 1982."
    default: nil
    }
  }

  /// Returns a value as shown in tables, without a unit: shares in per cent with two decimals.
  package func text(_ value: Double) -> String {
    switch self {
    case .effectiveness: decimals(value, 3)
    case .auroc: decimals(value, 4)
    case .statistic: decimals(value, 2)
    case .cleanSamples: decimals(value, value == value.rounded() ? 0 : 1)
    case .seconds: decimals(value, value < 100 ? 1 : 0)
    case .peakMemory: decimals(value / 1e6, 0)
    default: decimals(value * 100, 2)
    }
  }

  /// Returns a mean with the standard deviation, if any, as shown in tables.
  func text(mean: Double, deviation: Double?) -> String {
    // Every seed has the same number of images: a deviation of 0 would only widen the table.
    guard let deviation, self != .cleanSamples || deviation > 0 else { return text(mean) }
    return "\(text(mean))±\(text(deviation))"
  }
}

extension ComparisonTable.Summary {
  /// The defense with its repaired model: "fine-pruning 4 %"; "suspect" without a defense.
  public var treatment: String { ComparisonTable.treatment(defense, repair) }
}

extension ComparisonTable.Row {
  /// The defense with its repaired model: "fine-pruning 4 %"; "suspect" without a defense.
  public var treatment: String { ComparisonTable.treatment(defense, repair) }
}

extension ComparisonTable {
  /// The defense's label, and what distinguishes the repaired model from others.
  package static func treatment(_ defense: String?, _ repair: String) -> String {
    let name = defense ?? "suspect"
    if repair.isEmpty { return name }
    return name + (repair.first?.isNumber == true ? " " : ", ") + repair
  }
}
