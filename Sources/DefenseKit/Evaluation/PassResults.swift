/// The results of one pass over a data set, for each image.
struct PassResults: Sendable {
  /// `[model][image]`.
  var predictions: [[Int32]]
  /// `[detector][image]`.
  var detections: [[Detection]]

  init(models: Int, detectors: Int, images: Int) {
    predictions = Array(repeating: Array(repeating: -1, count: images), count: models)
    detections = Array(
      repeating: Array(repeating: Detection(label: -1, score: 0), count: images), count: detectors)
  }
}
