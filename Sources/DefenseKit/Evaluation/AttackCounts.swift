internal import InferenceGraph

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
