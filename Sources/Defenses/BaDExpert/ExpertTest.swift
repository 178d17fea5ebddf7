internal import DefenseKit
private import Foundation

/// The fitted detector, which asks shadow and expert for the probability of the suspect's class.
struct ExpertTest: FittedDetector {
  /// The suspect, the shadow and the expert.
  let models: [Model]
  let knee: Double
  var detectionThreshold: DetectionThreshold?

  func detections(for batch: DetectorBatch) -> [Detection] {
    let predictions = batch.predictions(of: 0)
    let shadow = batch.negativeLogLikelihoods(of: 1, for: predictions)
    let expert = batch.negativeLogLikelihoods(of: 2, for: predictions)
    return predictions.indices.map { image in
      let score = Self.score(
        shadow: Double(shadow[image]), expert: Double(expert[image]), knee: knee)
      let isFlagged = detectionThreshold?.flags(score) ?? score.isNaN
      return Detection(isFlagged ? .flagged : predictions[image], score: score)
    }
  }

  /// Returns the score of an image from the negative log-likelihoods of its class under shadow and
  /// expert, in nats: at most 0; NaN if either is.
  static func score(shadow: Double, expert: Double, knee: Double) -> Float {
    guard !shadow.isNaN, !expert.isNaN else { return .nan }
    // The ratio of both probabilities from their logarithms: either may round to zero.
    let trust = exp(expert - shadow) / knee
    let doubt = (1 - exp(-expert)) / max(knee - exp(-shadow), 1e-8)
    return Float(-min(trust, doubt))
  }
}
