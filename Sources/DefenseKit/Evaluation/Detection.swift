/// A detector's answer for one image.
public struct Detection: Sendable, Hashable {
  /// The class, or N (the number of classes) for a flagged image.
  public var label: Int32
  /// How suspicious the image is, on any scale; higher is more suspicious.
  public var score: Float

  /// Creates a verdict.
  public init(label: Int32, score: Float) {
    self.label = label
    self.score = score
  }
}
