/// How well a data-set detector separates poisoned training images from the others.
public struct DataSetCounts: Codable, Sendable, Hashable {
  /// The number of all images.
  public var images: Int
  /// The number of images to drop; nil if the detector only ranks.
  public var dropped: Int?
  /// The number of poisoned images; nil if unknown.
  public var poisoned: Int?
  /// The number of poisoned images to drop; nil if the detector only ranks or if the poisoned
  /// images are unknown.
  public var droppedPoisoned: Int?
  /// The area under the ROC curve of the scores, poisoned images against all others; nil if the
  /// poisoned images are unknown, or if all or none are poisoned.
  public var auroc: Double?

  /// Counts the images that the detector drops, the poisoned ones, and those that are both.
  ///
  /// - Parameters:
  ///   - scores: The detector's scores.
  ///   - isPoisoned: Whether each image is poisoned; nil if unknown.
  public init(_ scores: DataSetScores, isPoisoned: [Bool]?) {
    images = scores.scores.count
    dropped = scores.dropped?.count
    guard let isPoisoned else { return }
    poisoned = isPoisoned.count { $0 }
    droppedPoisoned = scores.dropped.map { $0.count { isPoisoned[$0] } }
    func part(_ kind: Bool) -> [Float] {
      isPoisoned.indices.filter { isPoisoned[$0] == kind }.map { Float(scores.scores[$0]) }
    }
    auroc = areaUnderROC(negatives: part(false), positives: part(true))
  }

  /// The share of poisoned images that are dropped; nil if there are none or a count is unknown.
  public var truePositiveRate: Double? {
    guard let poisoned, poisoned > 0, let droppedPoisoned else { return nil }
    return share(droppedPoisoned, poisoned)
  }

  /// The share of all other images that are dropped; nil if there are none or a count is unknown.
  public var falsePositiveRate: Double? {
    guard let poisoned, poisoned < images, let droppedPoisoned, let dropped else { return nil }
    return share(dropped - droppedPoisoned, images - poisoned)
  }
}
