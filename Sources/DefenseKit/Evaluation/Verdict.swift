/// What a detector says about one image.
public struct Verdict: Sendable, Hashable {
  /// The class, or N (one past the last class) for an image that is held to be triggered.
  public var label: Int32
  /// How suspicious the image is; higher is more suspicious, and any scale will do.
  public var score: Float

  /// Creates a verdict.
  public init(label: Int32, score: Float) {
    self.label = label
    self.score = score
  }
}
