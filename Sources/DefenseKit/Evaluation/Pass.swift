/// The results of one pass over a data set, for each image.
struct Pass: Sendable {
  /// `[model][image]`.
  var predictions: [[Int32]]
  /// `[inspection][image]`.
  var verdicts: [[Verdict]]

  init(models: Int, inspections: Int, images: Int) {
    predictions = Array(repeating: Array(repeating: -1, count: images), count: models)
    verdicts = Array(
      repeating: Array(repeating: Verdict(label: -1, score: 0), count: images), count: inspections)
  }
}
