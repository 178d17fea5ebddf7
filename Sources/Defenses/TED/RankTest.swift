internal import DefenseKit

/// The fitted detector, which compares an image's ranks with those of clean images.
struct RankTest: FittedDetector {
  /// The suspect.
  let models: [Model]
  /// The layers that are compared.
  let observations: [(model: Int, node: String)]
  /// The projection of each layer.
  let sketches: [LayerSketch]
  let references: ReferenceImages
  let distribution: RankDistribution
  let threshold: DetectionThreshold

  var detectionThreshold: DetectionThreshold? { threshold }

  func detections(for batch: DetectorBatch) -> [Detection] {
    let projections = sketches.enumerated().map { layer, sketch in
      sketch.projections(of: batch.values(ofObservation: layer))
    }
    return batch.predictions(of: 0).enumerated().map { image, prediction in
      guard case .class(let number) = prediction else { return Detection(.flagged, score: .nan) }
      guard references.hasMember(of: number) else { return .noVerdict }
      let outputs = zip(sketches, projections).map { sketch, values in
        values[image * sketch.count..<(image + 1) * sketch.count]
      }
      let score =
        references.ranks(of: outputs, class: number).map { Float(distribution.deviation(of: $0)) }
        ?? .nan
      return Detection(threshold.flags(score) ? .flagged : prediction, score: score)
    }
  }
}
