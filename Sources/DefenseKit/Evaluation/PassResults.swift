internal import InferenceGraph

/// The results of one pass over a data set, for each image.
struct PassResults: Sendable {
  /// `[model][image]`.
  var predictions: [[Prediction]]
  /// `[detector][image]`.
  var detections: [[Detection]]

  init(models: Int, detectors: Int, images: Int) {
    predictions = Array(
      repeating: Array(repeating: .undefined, count: images), count: models)
    detections = Array(
      repeating: Array(repeating: Detection(.undefined, score: 0), count: images), count: detectors)
  }
}
