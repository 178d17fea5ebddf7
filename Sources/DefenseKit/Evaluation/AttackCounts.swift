public import InferenceGraph

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

  /// Counts predictions against targets.
  public init(
    predictions: some Collection<Prediction>, targets: [Int32], trueLabels: [Int32]?
  ) {
    precondition(
      predictions.count == targets.count, "\(predictions.count) for \(targets.count) targets")
    var all = PoisonedCounts(hits: 0, restored: trueLabels == nil ? nil : 0, images: 0)
    var counted = all
    for (index, prediction) in predictions.enumerated() {
      let hit = prediction.isClass(targets[index]) ? 1 : 0
      let broken = prediction == .undefined ? 1 : 0
      let unjudged = prediction == .noVerdict ? 1 : 0
      let flag = prediction == .flagged ? 1 : 0
      let right = trueLabels.map { prediction.isClass($0[index]) ? 1 : 0 }
      all.hits += hit
      all.restored = right.map { (all.restored ?? 0) + $0 }
      all.flagged += flag
      all.nonfinite += broken
      all.noVerdict += unjudged
      all.images += 1
      guard isCounted(index, targets, trueLabels) else { continue }
      counted.hits += hit
      counted.restored = right.map { (counted.restored ?? 0) + $0 }
      counted.flagged += flag
      counted.nonfinite += broken
      counted.noVerdict += unjudged
      counted.images += 1
    }
    self.init(counted: counted, all: trueLabels == nil ? nil : all)
  }
}

/// Whether a triggered image counts: false only if it is known to show the target class anyway.
func isCounted(_ index: Int, _ targets: [Int32], _ trueLabels: [Int32]?) -> Bool {
  trueLabels.map { $0[index] != targets[index] } ?? true
}
