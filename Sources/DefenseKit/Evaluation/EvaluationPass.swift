internal import InferenceGraph
private import Synchronization

/// The suspect, all its repaired copies and all fitted detectors, run together over a data set.
///
/// The entries are the fitted detectors: first those that use the suspect alone, then, for each
/// repaired model, those that compare.
struct EvaluationPass: Sendable {
  /// The suspect first, then the repaired models, then further models that detectors read.
  private let models: [Model]
  private let entries: [Entry]
  private let observing: [(model: Int, node: String)]
  private let suspectCost: Int
  private let executor: Executor
  /// The positions of the detectors that use the suspect alone.
  let suspectDetectors: Range<Int>
  private let detectorsPerRepair: Int

  private struct Entry: Sendable {
    let fitted: any FittedDetector
    let models: [Int]
    let firstObservation: Int
    let name: String
  }

  /// The name of each entry's detector.
  var names: [String] { entries.map(\.name) }

  /// The threshold of each entry's detector.
  var thresholds: [DetectionThreshold?] { entries.map(\.fitted.detectionThreshold) }

  /// Returns the positions of the detectors that compare the suspect with a repaired model.
  func detectors(ofRepair position: Int) -> Range<Int> {
    let first = suspectDetectors.count + position * detectorsPerRepair
    return first..<first + detectorsPerRepair
  }

  /// Fits each detector that uses the suspect alone, then each other detector once per repaired
  /// model.
  init(
    _ suspect: Model, repaired: [Repair], _ detectors: [any Detector], using clean: CleanData?,
    in context: RunContext
  ) throws {
    var models = [suspect] + repaired.map(\.model)
    var entries: [Entry] = []
    var observing: [(model: Int, node: String)] = []
    let comparing = detectors.filter { $0.comparesModels }
    let others = detectors.filter { !$0.comparesModels }
    let pairs: [(Repair?, [any Detector])] = [(nil, others)] + repaired.map { ($0, comparing) }
    for (repair, detectors) in pairs {
      for detector in detectors {
        let fitted = try naming(clean?.name) {
          try detector.fitted(to: suspect, repaired: repair, using: clean, in: context)
        }
        let indices = fitted.models.map { model in
          if let known = models.firstIndex(where: { $0.isSameNetwork(as: model) }) { return known }
          models.append(model)
          return models.count - 1
        }
        entries.append(
          Entry(
            fitted: fitted, models: indices, firstObservation: observing.count,
            name: type(of: detector).name))
        observing += fitted.observations.map { (indices[$0.model], $0.node) }
      }
    }
    self.models = models
    self.observing = observing
    self.entries = entries
    suspectDetectors = 0..<others.count
    detectorsPerRepair = comparing.count
    executor = try Executor(models, observing: observing, options: context.execution)
    suspectCost = max(
      1, suspect.graph.executedMultiplyAdds(sharing: context.execution.sharing))
  }

  /// Runs all models and fitted detectors over the images once.
  func run(
    on source: any SampleSource, _ title: String, in context: RunContext
  ) throws -> PassResults {
    let count = source.count
    let results = Mutex(PassResults(models: models.count, detectors: entries.count, images: count))
    try context.phase(title, images: count) { progress in
      try executor.run(source, progress: progress) { batch in
        let predictions = models.indices.map { batch.predictions(of: $0) }
        let detections = try entries.map { entry in
          let detections = try entry.fitted.detections(
            for: DetectorBatch(
              batch: batch, models: entry.models, firstObservation: entry.firstObservation))
          guard detections.count == batch.indices.count else {
            throw PluginError(
              .init(rawValue: "wrong-detection-count"),
              "gave \(detections.count) detections for \(batch.indices.count) images, which is a "
                + "mistake in the plugin", about: .plugin(entry.name))
          }
          return detections
        }
        results.withLock { results in
          for (model, values) in predictions.enumerated() {
            results.predictions[model].replaceSubrange(batch.indices, with: values)
          }
          for (detector, values) in detections.enumerated() {
            results.detections[detector].replaceSubrange(batch.indices, with: values)
          }
        }
      }
    }
    context.count(
      run: Double(count) * Double(executor.costPerImage) / Double(suspectCost),
      alone: Double(count) * Double(executor.separateCostPerImage) / Double(suspectCost))
    return results.withLock { $0 }
  }
}

extension Model {
  /// Whether another model computes the same outputs from the same images.
  func isSameNetwork(as other: Model) -> Bool {
    preprocessing == other.preprocessing && graph == other.graph
  }
}
