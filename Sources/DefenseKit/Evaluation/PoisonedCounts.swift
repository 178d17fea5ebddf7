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
