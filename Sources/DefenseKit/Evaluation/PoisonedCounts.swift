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
  /// The number of images that the detector cannot judge (see `Prediction.noVerdict`); never hits.
  public var noVerdict: Int {
    get { unjudged ?? 0 }
    set { unjudged = newValue == 0 ? nil : newValue }
  }
  /// The number of all images counted.
  public var images: Int
  /// Nil for none, so that counts without such images are stored without the key.
  private var unjudged: Int?

  private enum CodingKeys: String, CodingKey {
    case hits, restored, flagged, nonfinite, images, unjudged = "noVerdict"
  }

  /// Creates counts.
  public init(
    hits: Int, restored: Int? = nil, flagged: Int = 0, nonfinite: Int = 0, noVerdict: Int = 0,
    images: Int
  ) {
    self.hits = hits
    self.restored = restored
    self.flagged = flagged
    self.nonfinite = nonfinite
    self.images = images
    self.noVerdict = noVerdict
  }

  /// The attack success rate, 0 to 1.
  public var successRate: Double { share(hits, images) }
  /// The robust accuracy: the share of images that got the class they show, 0 to 1; nil if unknown.
  public var robustAccuracy: Double? { restored.map { share($0, images) } }
  /// The share of flagged images, 0 to 1.
  public var flaggedShare: Double { share(flagged, images) }
  /// The attack success rate over the images that the detector lets pass, neither flagged nor
  /// without a verdict, 0 to 1; nil if there are none.
  public var filteredSuccessRate: Double? {
    images == flagged + noVerdict ? nil : share(hits, images - flagged - noVerdict)
  }
}
