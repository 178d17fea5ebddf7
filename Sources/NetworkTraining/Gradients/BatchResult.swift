internal import InferenceGraph

/// What a batch of images gave.
struct BatchResult: Sendable, Hashable {
  /// The mean cross-entropy over the images, in nats, with label smoothing.
  var loss: Double
  /// Images whose largest output is their label's.
  var correct: Int
}
