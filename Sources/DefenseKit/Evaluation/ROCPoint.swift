/// A point of a ROC curve.
public struct ROCPoint: Sendable, Hashable, Codable {
  /// The share of clean images flagged, 0 to 1.
  public var falsePositives: Double
  /// The share of poisoned images flagged, 0 to 1.
  public var truePositives: Double

  /// Creates a point.
  public init(falsePositives: Double, truePositives: Double) {
    self.falsePositives = falsePositives
    self.truePositives = truePositives
  }
}
