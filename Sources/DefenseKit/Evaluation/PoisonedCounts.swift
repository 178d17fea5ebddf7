/// The number of triggered images by result.
public struct PoisonedCounts: Sendable, Hashable, Codable {
  /// The number of images that got the target class.
  public var hits: Int
  /// The number of images that got the class they show, despite the trigger; nil if unknown.
  public var restored: Int?
  /// The number of flagged images.
  public var flagged: Int
  /// The number of undefined images (see `Prediction.undefined`); never hits.
  public var nonfinite: Int
  /// The number of all images counted.
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
  /// The robust accuracy: the share of images that got the class they show, 0 to 1; nil if unknown.
  public var robustAccuracy: Double? { restored.map { share($0, images) } }
  /// The share of flagged images, 0 to 1.
  public var flaggedShare: Double { share(flagged, images) }
  /// The attack success rate over the images that are not flagged, 0 to 1; nil if all are.
  public var filteredSuccessRate: Double? {
    images == flagged ? nil : share(hits, images - flagged)
  }
}
