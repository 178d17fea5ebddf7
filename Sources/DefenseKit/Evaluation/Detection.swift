public import InferenceGraph

/// A detector's answer for one image.
public struct Detection: Sendable, Hashable {
  /// The class, or whether the image is flagged or undefined.
  public var prediction: Prediction
  /// How suspicious the image is, on any scale; higher is more suspicious.
  public var score: Float

  /// Creates a detection.
  public init(_ prediction: Prediction, score: Float) {
    self.prediction = prediction
    self.score = score
  }
}
