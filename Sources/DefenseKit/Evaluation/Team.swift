internal import InferenceGraph
private import Synchronization

/// The suspect, all its repaired copies and all fitted detectors, run together over a data set.
///
/// The fitted detectors are the members: first those that use the suspect alone, then, for each
/// repaired model, those that compare.
struct Team: Sendable {
  /// The suspect first, then the repaired models, then further models that detectors read.
  private let models: [Model]
  private let inspections: [Member]
  private let observing: [(model: Int, node: String)]
  private let suspectCost: Int
  private let executor: Executor
  /// The members that use the suspect alone.
  let membersOfSuspect: Range<Int>
  private let membersPerRepair: Int

  private struct Member: Sendable {
    let inspection: any Inspection
    let models: [Int]
    let firstObservation: Int
    let name: String
  }

  /// The name of each member's detector.
  var names: [String] { inspections.map(\.name) }

  /// Returns the members that compare the suspect with a repaired model.
  func members(ofRepair position: Int) -> Range<Int> {
    let first = membersOfSuspect.count + position * membersPerRepair
    return first..<first + membersPerRepair
  }

  /// Fits each detector that uses the suspect alone, then each other detector once per repaired
  /// model.
  init(
    _ suspect: Model, repaired: [Model], _ detectors: [any Detector], using clean: CleanData?,
    in context: RunContext
  ) throws {
    var models = [suspect] + repaired
    var members: [Member] = []
    var observing: [(model: Int, node: String)] = []
    let comparing = detectors.filter { type(of: $0).comparesModels }
    let others = detectors.filter { !type(of: $0).comparesModels }
    let pairs: [(Model?, [any Detector])] = [(nil, others)] + repaired.map { ($0, comparing) }
    for (repairedModel, detectors) in pairs {
      for detector in detectors {
        let inspection = try naming(clean?.name) {
          try detector.inspection(
            of: suspect, repaired: repairedModel, using: clean, in: context)
        }
        let indices = inspection.models.map { model in
          if let known = models.firstIndex(where: { $0.isSameNetwork(as: model) }) { return known }
          models.append(model)
          return models.count - 1
        }
        members.append(
          Member(
            inspection: inspection, models: indices, firstObservation: observing.count,
            name: type(of: detector).name))
        observing += inspection.observations.map { (indices[$0.model], $0.node) }
      }
    }
    self.models = models
    self.observing = observing
    inspections = members
    membersOfSuspect = 0..<others.count
    membersPerRepair = comparing.count
    executor = try Executor(models, observing: observing, options: context.execution)
    suspectCost = max(
      1, suspect.graph.executedMultiplyAdds(sharing: context.execution.sharing))
  }

  /// Runs all models and fitted detectors over the images once.
  func look(
    at source: any SampleSource, _ title: String, in context: RunContext
  ) throws -> Pass {
    let count = source.count
    let results = Mutex(Pass(models: models.count, inspections: inspections.count, images: count))
    try context.phase(title, images: count) { progress in
      try executor.run(source, progress: progress) { batch in
        let predictions = models.indices.map { batch.predictions(of: $0) }
        let verdicts = try inspections.map { member in
          let verdicts = try member.inspection.verdicts(
            for: InspectedBatch(
              batch: batch, models: member.models, firstObservation: member.firstObservation))
          guard verdicts.count == batch.indices.count else {
            throw PluginError(
              .init(rawValue: "wrong-verdict-count"),
              "gave \(verdicts.count) verdicts for \(batch.indices.count) images, which is a "
                + "mistake in the plugin", about: .plugin(member.name))
          }
          return verdicts
        }
        results.withLock { pass in
          for (model, values) in predictions.enumerated() {
            pass.predictions[model].replaceSubrange(batch.indices, with: values)
          }
          for (inspection, values) in verdicts.enumerated() {
            pass.verdicts[inspection].replaceSubrange(batch.indices, with: values)
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
    inputScale == other.inputScale && graph == other.graph
  }
}
