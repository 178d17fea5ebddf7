internal import DefenseKit
private import Foundation

/// Measures how sure amplified copies are of the suspect's class.
struct AmplifiedConsistency: FittedDetector {
  /// The suspect and its amplified copies.
  let models: [Model]
  var detectionThreshold: DetectionThreshold?

  func detections(for batch: DetectorBatch) -> [Detection] {
    let predictions = batch.predictions(of: 0)
    var sums = [Double](repeating: 0, count: predictions.count)
    for copy in models.indices.dropFirst() {
      let losses = batch.negativeLogLikelihoods(of: copy, for: predictions)
      for (image, loss) in losses.enumerated() { sums[image] += exp(-Double(loss)) }
    }
    return zip(predictions, sums).map { prediction, sum in
      // NaN if the image is undefined for the suspect or a copy.
      let score = Float(sum / Double(models.count - 1))
      let isFlagged = detectionThreshold?.flags(score) ?? score.isNaN
      return Detection(isFlagged ? .flagged : prediction, score: score)
    }
  }
}
