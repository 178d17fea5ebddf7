public import InferenceGraph

/// A detector's answer for one image.
public struct Detection: Sendable, Hashable {
  /// The class, or whether the image is flagged, cannot be judged, or is undefined.
  public var prediction: Prediction
  /// How suspicious the image is, on any scale; higher is more suspicious.
  public var score: Float

  /// Creates a detection.
  public init(_ prediction: Prediction, score: Float) {
    self.prediction = prediction
    self.score = score
  }

  /// The answer for an image that the detector cannot judge, for example because it has no clean
  /// image of its class.
  ///
  /// The image gets no class: it counts as `noVerdict`, not as correct, flagged or a success of the
  /// attack, and the ROC curve leaves it out. The score is NaN.
  public static var noVerdict: Detection { Detection(.noVerdict, score: .nan) }
}
