internal import InferenceGraph

/// The results on triggered images, with and without those that show the target class anyway.
///
/// An image of the target class that is classified as such is not a success of the trigger. If the
/// true classes are known, ``counted`` leaves such images out, and ``all`` includes them.
public struct AttackCounts: Sendable, Hashable {
  /// The counts that the attack success rate is computed from.
  public var counted: PoisonedCounts
  /// Counts over all images; nil if the true classes are unknown, as ``counted`` then has them all.
  public var all: PoisonedCounts?

  /// Creates counts.
  public init(counted: PoisonedCounts, all: PoisonedCounts? = nil) {
    self.counted = counted
    self.all = all
  }

  /// Counts verdicts against targets; `classCount` stands for flagged, `noClass` for undefined.
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

/// Whether a triggered image counts: false only if it is known to show the target class anyway.
func isCounted(_ index: Int, _ targets: [Int32], _ trueLabels: [Int32]?) -> Bool {
  trueLabels.map { $0[index] != targets[index] } ?? true
}
