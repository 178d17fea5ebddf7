/// How well a data-set detector tells poisoned training images from others.
public struct DataSetCounts: Codable, Sendable, Hashable {
  /// All images.
  public var images: Int
  /// The images that it drops; nil if it only ranks.
  public var dropped: Int?
  /// The poisoned images; nil if it is not known which are.
  public var poisoned: Int?
  /// The poisoned images that it drops; nil if it only ranks or it is not known which are poisoned.
  public var droppedPoisoned: Int?
  /// The area under the ROC curve of the scores, poisoned images against all others; nil if it is not
  /// known which are poisoned, or all or none are.
  public var auroc: Double?

  /// Counts.
  ///
  /// - Parameters:
  ///   - scores: The detector's scores.
  ///   - isPoisoned: Whether each image is poisoned; nil if that is not known.
  public init(_ scores: DataSetScores, isPoisoned: [Bool]?) {
    images = scores.scores.count
    dropped = scores.dropped?.count
    guard let isPoisoned else { return }
    poisoned = isPoisoned.count { $0 }
    droppedPoisoned = scores.dropped.map { $0.count { isPoisoned[$0] } }
    func part(_ kind: Bool) -> [Float] {
      isPoisoned.indices.filter { isPoisoned[$0] == kind }.map { Float(scores.scores[$0]) }
    }
    auroc = DetectorScores(clean: part(false), poisoned: part(true)).auroc
  }

  /// The share of poisoned images that it drops; nil if there are none or it is not known.
  public var truePositiveRate: Double? {
    guard let poisoned, poisoned > 0, let droppedPoisoned else { return nil }
    return share(droppedPoisoned, poisoned)
  }

  /// The share of all other images that it drops; nil if there are none or it is not known.
  public var falsePositiveRate: Double? {
    guard let poisoned, poisoned < images, let droppedPoisoned, let dropped else { return nil }
    return share(dropped - droppedPoisoned, images - poisoned)
  }
}
