internal import InferenceGraph

/// The results of a batch of images.
struct BatchResult: Sendable, Hashable {
  /// The mean cross-entropy over the images, in nats, with label smoothing.
  var loss: Double
  /// The number of images whose largest output is that of their label.
  var correct: Int
}
