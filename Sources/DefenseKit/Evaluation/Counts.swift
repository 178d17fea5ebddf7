internal import InferenceGraph

/// How clean images were classified.
public struct CleanCounts: Sendable, Hashable, Codable {
  /// Images that got their own class.
  public var correct: Int
  /// Images that were held to be triggered.
  public var flagged: Int
  /// Images that got no class, as values on the way were not finite (see `noClass`); never correct.
  public var nonfinite: Int
  /// All images.
  public var images: Int

  /// Creates counts.
  public init(correct: Int, flagged: Int = 0, nonfinite: Int = 0, images: Int) {
    self.correct = correct
    self.flagged = flagged
    self.nonfinite = nonfinite
    self.images = images
  }

  /// Counts verdicts against labels; a verdict of `classCount` is a flag, `noClass` is no class.
  public init(verdicts: [Int32], labels: [Int32], classCount: Int) {
    precondition(verdicts.count == labels.count, "\(verdicts.count) for \(labels.count) labels")
    self.init(correct: 0, images: labels.count)
    for (verdict, label) in zip(verdicts, labels) {
      if verdict == noClass {
        nonfinite += 1
      } else if verdict == label {
        correct += 1
      }
      if Int(verdict) == classCount { flagged += 1 }
    }
  }

  /// The share classified rightly, 0 to 1.
  public var accuracy: Double { share(correct, images) }
  /// The share held to be triggered, 0 to 1.
  public var flaggedShare: Double { share(flagged, images) }
  /// The share classified rightly among those that pass the filter; nil if none passes.
  public var filteredAccuracy: Double? {
    images == flagged ? nil : share(correct, images - flagged)
  }
}

/// How triggered images were classified.
public struct PoisonedCounts: Sendable, Hashable, Codable {
  /// Images that got the attacker's target class.
  public var hits: Int
  /// Images that got the class that they show, in spite of the trigger; nil where that is unknown.
  public var restored: Int?
  /// Images that were held to be triggered.
  public var flagged: Int
  /// Images that got no class, as values on the way were not finite (see `noClass`); never hits.
  public var nonfinite: Int
  /// All images counted.
  public var images: Int

  /// Creates counts.
  public init(
    hits: Int, restored: Int? = nil, flagged: Int = 0, nonfinite: Int = 0, images: Int
  ) {
    self.hits = hits
    self.restored = restored
    self.flagged = flagged
    self.nonfinite = nonfinite
    self.images = images
  }

  /// The attack success rate, 0 to 1.
  public var successRate: Double { share(hits, images) }
  /// The robust accuracy: the share that got the class that it shows, 0 to 1; nil where that is
  /// unknown.
  public var robustAccuracy: Double? { restored.map { share($0, images) } }
  /// The share held to be triggered, 0 to 1.
  public var flaggedShare: Double { share(flagged, images) }
  /// The attack success rate among the images that pass the filter; nil if none passes.
  public var filteredSuccessRate: Double? {
    images == flagged ? nil : share(hits, images - flagged)
  }
}

/// The attack's success, with and without the images that show the target class anyway.
///
/// An image of the target class that is classified as such is no success of the trigger. Where
/// the true classes are known, such images are left out of ``counted``, and ``all`` has them.
public struct AttackCounts: Sendable, Hashable {
  /// The figure to quote.
  public var counted: PoisonedCounts
  /// Counts over all images; nil where true classes are unknown, as both would be the same.
  public var all: PoisonedCounts?

  /// Creates counts.
  public init(counted: PoisonedCounts, all: PoisonedCounts? = nil) {
    self.counted = counted
    self.all = all
  }

  /// Counts verdicts against targets; a verdict of `classCount` is a flag, `noClass` is no class.
  public init(verdicts: [Int32], targets: [Int32], trueLabels: [Int32]?, classCount: Int) {
    precondition(verdicts.count == targets.count, "\(verdicts.count) for \(targets.count) targets")
    var all = PoisonedCounts(hits: 0, restored: trueLabels == nil ? nil : 0, images: 0)
    var counted = all
    for (index, verdict) in verdicts.enumerated() {
      let hit = verdict != noClass && verdict == targets[index] ? 1 : 0
      let broken = verdict == noClass ? 1 : 0
      let flag = Int(verdict) == classCount ? 1 : 0
      let right = trueLabels.map { verdict != noClass && $0[index] == verdict ? 1 : 0 }
      all.hits += hit
      all.restored = right.map { (all.restored ?? 0) + $0 }
      all.flagged += flag
      all.nonfinite += broken
      all.images += 1
      guard isCounted(index, targets, trueLabels) else { continue }
      counted.hits += hit
      counted.restored = right.map { (counted.restored ?? 0) + $0 }
      counted.flagged += flag
      counted.nonfinite += broken
      counted.images += 1
    }
    self.init(counted: counted, all: trueLabels == nil ? nil : all)
  }
}

/// Whether a triggered image counts: not if it shows the target class anyway.
func isCounted(_ index: Int, _ targets: [Int32], _ trueLabels: [Int32]?) -> Bool {
  trueLabels.map { $0[index] != targets[index] } ?? true
}

/// part / whole, and 0 of nothing is 0.
func share(_ part: Int, _ whole: Int) -> Double { whole == 0 ? 0 : Double(part) / Double(whole) }
