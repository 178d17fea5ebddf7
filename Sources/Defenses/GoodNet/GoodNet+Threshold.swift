internal import DefenseKit
private import Synchronization

extension GoodNet {
  /// Sets the threshold on the held-out images; on all clean images, with a warning, if there are
  /// none.
  ///
  /// - Parameters:
  ///   - models: The suspect and its repaired copy.
  ///   - repair: The origin of the copy.
  ///   - alarms: The share of images that may be flagged, 0 to under 1.
  ///   - clean: The clean images.
  ///   - context: The execution options, and the receiver of progress, warnings and cost.
  /// - Throws: `DataError` if the images do not fit; `SampleError` with an image's position in the
  ///   clean data; `CancellationError`.
  static func threshold(
    of models: [Model], _ repair: Repair, alarms: Double, on clean: CleanData,
    in context: RunContext
  ) throws -> DetectionThreshold {
    try clean.check(against: models[0])
    let isHeldOut = !repair.heldOut.isEmpty
    let positions = isHeldOut ? repair.heldOut : Array(0..<clean.count)
    let scores = try scores(of: models, on: clean, at: positions, in: context)
    let threshold = DetectionThreshold(of: scores, alarms: alarms)
    if !isHeldOut {
      context.warn(
        "\(name) with \(repair.title): the threshold is set on all \(positions.count) images of "
          + "\(clean.name), as none are known to be held out of the repair; if it was trained on "
          + "them, more than \(name).alarms of other clean images may be flagged")
    }
    if alarms > 0, 1 / Double(positions.count) > alarms {
      context.warn(
        "\(name) with \(repair.title): a share of \(alarms.optionText) of \(positions.count) images is "
          + "less than one image, so the threshold is their largest score; more of other clean "
          + "images may be flagged")
    }
    return threshold
  }

  /// Returns the scores of some clean images, in order.
  private static func scores(
    of models: [Model], on clean: CleanData, at positions: [Int], in context: RunContext
  ) throws -> [Float] {
    let executor = try Executor(models, options: context.execution)
    let scores = Mutex([Float](repeating: 0, count: positions.count))
    do {
      try context.phase("threshold", images: positions.count) { progress in
        try executor.run(Subset(of: clean.source, positions), progress: progress) { batch in
          let values = batch.negativeLogLikelihoods(of: 1, for: batch.predictions(of: 0))
          scores.withLock { $0.replaceSubrange(batch.indices, with: values) }
        }
      }
    } catch let error as SampleError {
      throw SampleError(index: positions[error.index], error.problem)
    }
    let passes = Double(models.count * positions.count)
    context.count(run: passes, alone: passes)
    return scores.withLock { $0 }
  }
}

/// The fitted detector with a threshold, which asks the repaired model for the likelihood of the
/// suspect's class.
struct Likelihood: FittedDetector {
  let models: [Model]
  let threshold: DetectionThreshold
  var detectionThreshold: DetectionThreshold? { threshold }

  func detections(for batch: DetectorBatch) -> [Detection] {
    let suspect = batch.predictions(of: 0)
    let scores = batch.negativeLogLikelihoods(of: 1, for: suspect)
    return zip(suspect, scores).map { prediction, score in
      Detection(threshold.flags(score) ? .flagged : prediction, score: score)
    }
  }
}
