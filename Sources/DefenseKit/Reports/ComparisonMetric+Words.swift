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
      "The share of clean test images that get their own class. Where a detector flags an image it has "
        + "no class, which counts as wrong. Higher is better."
    case .attackSuccess:
      "The share of triggered test images that get the attacker's class. Images that show the target "
        + "class anyway are left out: that they are classified so is no success of the trigger. Lower "
        + "is better."
    case .robustAccuracy:
      "The share of the same triggered images that get the class that they show, in spite of the "
        + "trigger. Higher is better."
    case .effectiveness:
      "How far the attack success falls, less what that costs of clean accuracy: (max(0, fall of attack "
        + "success) − max(0, fall of clean accuracy) + 1) / 2. Doing nothing has 0.5, a perfect "
        + "defense of a perfect attack 1; below 0.5 it does more harm than good."
    case .auroc:
      "The chance that a detector holds one of the same triggered images to be more suspicious than a "
        + "clean one, both drawn at random, ties counted half. 0.5 is guessing, 1 is perfect."
    case .truePositives:
      "The true positive rate: the share of the same triggered images that the detector flags, or of the "
        + "poisoned training images that a data-set detector drops. Higher is better."
    case .falsePositives:
      "The false positive rate: the share of clean images that the detector flags, or of the other "
        + "training images that a data-set detector drops. Lower is better."
    case .filteredAccuracy:
      "The clean accuracy over the images that the detector lets pass alone. Higher is better."
    case .filteredAttackSuccess:
      "The attack success over the triggered images that the detector lets pass alone; a high one is "
        + "harmless where hardly any pass. Lower is better."
    case .cleanSamples:
      "How many clean, labelled images defense and detector were given to learn from; some take a part of "
        + "them, as strip does."
    case .statistic:
      "How much the most suspicious class stands out, in the verdict's own measure; over the verdict's "
        + "threshold the model counts as backdoored. Left out where it is infinite."
    case .backdoored:
      "How often the verdict holds the model to be backdoored, over seeds. High is right for a backdoored "
        + "model, low for an honest one."
    case .seconds:
      "What the unit took: the defense, which units of the same defense share, and the evaluation. It "
        + "differs from run to run."
    case .peakMemory:
      "The most memory that the process held meanwhile. It differs from run to run."
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
