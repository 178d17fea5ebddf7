internal import DefenseKit

/// Measures in how many brighter copies of an image the suspect predicts the same class.
struct ScaledConsistency: FittedDetector {
  /// The suspect.
  let models: [Model]
  var detectionThreshold: DetectionThreshold?
  private let executor: Executor
  private let factors: [Float]
  /// The range of network inputs, after the model's input scale.
  private let range: ClosedRange<Float>
  private let context: RunContext

  /// Prepares the network.
  ///
  /// - Parameters:
  ///   - suspect: The model.
  ///   - factors: The factors of pixel values.
  ///   - range: The range of pixel values, before the model's input scale.
  ///   - context: Counts the cost.
  /// - Throws: `GraphError` for a network that takes too much memory.
  init(
    _ suspect: Model, factors: [Double], range: ClosedRange<Float>, in context: RunContext
  ) throws {
    models = [suspect]
    self.factors = factors.map { Float($0) }
    let scale = suspect.preprocessing.scale
    self.range = scale * range.lowerBound...scale * range.upperBound
    self.context = context
    // The run's threads call the detector, each with its own images, so that one thread each
    // suffices.
    var execution = context.execution
    execution.threads = 1
    var model = suspect
    model.preprocessing.scale = 1
    executor = try Executor([model], options: execution)
  }

  func detections(for batch: DetectorBatch) throws -> [Detection] {
    let predictions = batch.predictions(of: 0)
    let images = batch.images()
    var kept = [Int](repeating: 0, count: predictions.count)
    var isUndefined = predictions.map { $0 == .undefined }
    for factor in factors {
      let copies = ArraySource(
        images.map { min(max(factor * $0, range.lowerBound), range.upperBound) },
        imageShape: models[0].graph.inputShape)
      for (image, prediction) in try executor.predictions(for: copies)[0].enumerated() {
        if prediction == predictions[image] { kept[image] += 1 }
        if prediction == .undefined { isUndefined[image] = true }
      }
    }
    let passes = Double(factors.count * predictions.count)
    context.count(run: passes, alone: passes)
    return predictions.indices.map { image in
      let score = isUndefined[image] ? .nan : Float(kept[image]) / Float(factors.count)
      let isFlagged = detectionThreshold?.flags(score) ?? score.isNaN
      return Detection(isFlagged ? .flagged : predictions[image], score: score)
    }
  }
}
