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
