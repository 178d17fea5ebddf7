public import InferenceGraph

/// A suspect with the data to defend it and to evaluate the defense.
///
/// ```swift
/// let experiment = try Experiment(
///   suspect: model, clean: clean, test: test, poisoned: poisoned)
/// let evaluation = try experiment.run([FinePruning()], [GoodNet()], in: RunContext())
/// ```
public struct Experiment: Sendable {
  /// The model that may have a backdoor.
  public var suspect: Model
  /// The clean images that defenses and detectors may use; nil if no plugin requires them.
  public var clean: CleanData?
  /// Clean images that no plugin sees; nil if there are none.
  public var test: CleanData?
  /// Triggered images, which no plugin sees; nil if there are none.
  public var poisoned: PoisonedData?
  /// The suspect's training set, which may be poisoned; nil if unavailable.
  public var train: TrainingData?
  /// Whether pruning sweeps are replayed on the test sets.
  public var replaysCurves: Bool

  /// Creates an experiment.
  ///
  /// - Throws: ``DataError`` if a data set does not fit the model.
  public init(
    suspect: Model, clean: CleanData?, test: CleanData? = nil, poisoned: PoisonedData? = nil,
    train: TrainingData? = nil, replaysCurves: Bool = false
  ) throws(DataError) {
    self.suspect = suspect
    self.clean = clean
    self.test = test
    self.poisoned = poisoned
    self.train = train
    self.replaysCurves = replaysCurves
    for (_, images) in sets { try images.check(against: suspect) }
  }

  /// The data sets that there are, in the order of ``DataRole``.
  var sets: [(role: DataRole, images: ImageSet)] {
    let all: [(DataRole, ImageSet?)] = [
      (.clean, clean?.images), (.test, test?.images), (.poisoned, poisoned?.images),
      (.train, train?.images),
    ]
    return all.compactMap { role, images in images.map { (role, $0) } }
  }

  /// Runs all plugins on the suspect and evaluates the repaired models and the detectors.
  ///
  /// - Throws: The errors of plugins and execution; ``PluginError``, before any work, for an unmet
  ///   requirement; ``DataError`` for an image that cannot be evaluated (one with NaN, for
  ///   example), or if the poisoned images are clean ones.
  public func run(
    _ defenses: [any Defense], _ detectors: [any Detector] = [],
    verdicts: [any ModelScanner] = [], dataSetDetectors: [any DataSetDetector] = [],
    in context: RunContext
  ) throws -> Evaluation {
    let plugins: [any Plugin] = defenses + detectors + verdicts + dataSetDetectors
    for plugin in plugins {
      try inputs(hasRepairedModel: !defenses.isEmpty).check(plugin)
    }
    let verdictResults = try verdicts.map { try verdict(by: $0, in: context) }
    let scored = try dataSetDetectors.map { try scores(by: $0, in: context) }
    let repairs = try defenses.flatMap { try self.repairs(by: $0, in: context) }
    var evaluation = try evaluate(repairs, detectors, in: context)
    evaluation.verdicts = verdictResults
    evaluation.dataSets = scored
    return evaluation
  }

  /// Returns the inputs that the experiment provides to plugins.
  ///
  /// - Parameter hasRepairedModel: Whether the run has a repaired copy, or a defense to make one.
  public func inputs(hasRepairedModel: Bool = false) -> PluginInputs {
    PluginInputs(
      model: suspect, cleanImages: clean?.count ?? 0, hasLabels: clean?.isLabelled ?? true,
      hasRepairedModel: hasRepairedModel, hasTrainingData: train != nil)
  }

  /// Runs one model scanner on the suspect.
  ///
  /// - Throws: Like ``run(_:_:verdicts:dataSetDetectors:in:)``.
  public func verdict(
    by scanner: any ModelScanner, in context: RunContext
  ) throws -> Evaluation.VerdictResult {
    try begin(in: context)
    try inputs().check(scanner)
    let verdict = try naming(clean?.name) {
      try scanner.scan(suspect, using: clean, in: context)
    }
    return Evaluation.VerdictResult(verdict: type(of: scanner).name, result: verdict)
  }

  /// Runs one data-set detector on the training set.
  ///
  /// - Throws: Like ``run(_:_:verdicts:dataSetDetectors:in:)``; ``PluginError`` for scores that do
  ///   not fit the images, which is a mistake in the plugin.
  public func scores(
    by detector: any DataSetDetector, in context: RunContext
  ) throws -> Evaluation.DataSetResult {
    try begin(in: context)
    let name = type(of: detector).name
    try inputs().check(detector)
    guard let train else { throw PluginRequirement.trainingData.error(for: type(of: detector)) }
    let scores = try naming(train.name) {
      try detector.scores(of: train, model: suspect, using: clean, in: context)
    }
    let dropped = scores.dropped ?? []
    guard scores.scores.count == train.count, dropped.areAscending(under: train.count) else {
      throw PluginError(
        .init(rawValue: "wrong-scores"),
        "gave \(scores.scores.count) scores for \(train.count) images, or drops images that do "
          + "not exist or are not in ascending order, which is a mistake in the plugin",
        about: .plugin(name))
    }
    return Evaluation.DataSetResult(
      detector: name, scores: scores,
      counts: DataSetCounts(scores, isPoisoned: train.isPoisoned))
  }

  /// Runs one defense on the suspect.
  ///
  /// - Throws: Like ``run(_:_:verdicts:dataSetDetectors:in:)``.
  public func repairs(by defense: any Defense, in context: RunContext) throws -> [Repair] {
    try begin(in: context)
    try inputs().check(defense)
    var repairs = try naming(clean?.name) {
      try defense.repair(suspect, using: clean, in: context)
    }
    for repair in repairs where !repair.heldOut.areAscending(under: clean?.count ?? 0) {
      throw PluginError(
        .init(rawValue: "wrong-held-out"),
        "names held-out images that do not exist or are not in ascending order, which is a mistake "
          + "in the plugin", about: .plugin(type(of: defense).name))
    }
    if !(clean?.isLabelled ?? true) {
      // Counts need labels.
      for index in repairs.indices { repairs[index].clean = nil }
    }
    return repairs
  }

  private var overlap: ImageOverlap { ImageOverlap(sets) }

  /// Remarks about how the files of the model and the data sets were read, one line each.
  package var notes: [String] { suspect.notes + sets.flatMap(\.images.notes) }

  /// Passes on the notes and rejects poisoned images that are clean ones.
  private func begin(in context: RunContext) throws {
    for note in notes { context.warn(note) }
    try overlap.checkFirst()
  }

  /// Evaluates repaired models and detectors, all of them in one pass over each test set.
  ///
  /// Warns about images that are in two of the sets.
  ///
  /// - Throws: ``DataError`` if the poisoned images are the same as the defense's clean images or
  ///   the test images; the errors of detectors and execution.
  public func evaluate(
    _ repairs: [Repair], _ detectors: [any Detector] = [], in context: RunContext
  ) throws -> Evaluation {
    try begin(in: context)
    for detector in detectors {
      // Without repaired models, detectors that compare models are skipped.
      try inputs(hasRepairedModel: true).check(detector)
    }
    let pass = try EvaluationPass(
      suspect, repaired: repairs, detectors, using: clean, in: context)
    func results(over images: ImageSet?, _ title: String) throws -> PassResults? {
      try images.map { images in
        try naming(images.name) {
          try pass.run(on: images.prints.recording, title, in: context)
        }
      }
    }
    let testPass = try results(over: test?.images, "test images")
    let poisonedPass = try results(over: poisoned?.images, "poisoned images")
    try overlap.check(in: context)
    func result(_ predictions: (PassResults) -> [Prediction]) -> Evaluation.ModelResult {
      let onTest = testPass.map(predictions)
      var result = modelResult(test: onTest, poisoned: poisonedPass.map(predictions))
      result.byClass = countsByClass(onTest ?? [])
      result.byGroup = countsByGroup(onTest ?? [])
      return result
    }
    let suspectResult = result { $0.predictions[0] }
    warnNearChance(suspectResult, repairs, in: context)
    func detectorResults(_ positions: Range<Int>) -> [Evaluation.DetectorResult] {
      positions.map { position in
        Evaluation.DetectorResult(
          detector: pass.names[position],
          result: result { $0.detections[position].map(\.prediction) },
          scores: DetectorScores(
            test: testPass.map { judgedScores($0.detections[position]) } ?? [],
            poisoned: countedScores(poisonedPass?.detections[position] ?? [])),
          threshold: pass.thresholds[position])
      }
    }
    let results = repairs.enumerated().map { position, repair in
      Evaluation.RepairResult(
        repair: repair, result: result { $0.predictions[position + 1] },
        detectors: detectorResults(pass.detectors(ofRepair: position)))
    }
    let evaluation = Evaluation(
      suspect: suspectResult, suspectDetectors: detectorResults(pass.suspectDetectors),
      repairs: results, curves: try curves(of: repairs, in: context))
    for line in evaluation.nonfiniteLines + evaluation.noVerdictLines { context.warn(line) }
    return evaluation
  }

  /// Counts predictions on the test images, class by class.
  private func countsByClass(_ predictions: [Prediction]) -> [ClassCounts] {
    guard let test, !predictions.isEmpty else { return [] }
    var counts = Array(repeating: ClassCounts(), count: suspect.classCount)
    for (prediction, label) in zip(predictions, test.labels) {
      counts[Int(label)].images += 1
      if prediction.isClass(label) { counts[Int(label)].correct += 1 }
    }
    return counts
  }

  /// Counts predictions on the test images by whether the clean images have their group.
  private func countsByGroup(_ predictions: [Prediction]) -> GroupCounts? {
    guard let test, let groups = test.groups, let known = clean?.groups, !predictions.isEmpty
    else { return nil }
    return GroupCounts(
      predictions: predictions, labels: test.labels, groups: groups, seen: Set(known))
  }

  /// Counts predictions on the test and the poisoned images.
  private func modelResult(
    test: (some Collection<Prediction>)?, poisoned: (some Collection<Prediction>)?
  ) -> Evaluation.ModelResult {
    Evaluation.ModelResult(
      test: test.map {
        CleanCounts(predictions: $0, labels: self.test?.labels ?? [])
      },
      poisoned: poisoned.map {
        AttackCounts(
          predictions: $0, targets: self.poisoned?.targets ?? [],
          trueLabels: self.poisoned?.trueLabels)
      })
  }

  /// The scores of the images that the detector can judge.
  private func judgedScores(_ detections: [Detection]) -> [Float] {
    detections.filter { $0.prediction != .noVerdict }.map(\.score)
  }

  /// The scores of the poisoned images that the attack success rate counts, so that a detector's
  /// ROC curve agrees with its share of flagged images.
  private func countedScores(_ detections: [Detection]) -> [Float] {
    guard let poisoned else { return [] }
    return judgedScores(
      detections.indices.filter { isCounted($0, poisoned.targets, poisoned.trueLabels) }
        .map { detections[$0] })
  }

  /// Warns about a suspect near chance, unless a defense has already counted and called
  /// ``RunContext/checkBaseline(correct:images:of:on:)``.
  private func warnNearChance(
    _ result: Evaluation.ModelResult, _ repairs: [Repair], in context: RunContext
  ) {
    guard let test, let counts = result.test, !repairs.contains(where: { $0.curve != nil })
    else { return }
    context.checkBaseline(
      correct: counts.correct, images: counts.images, of: suspect, on: test)
  }

  /// The sweeps of the defenses, each once, replayed on the test sets if requested.
  private func curves(
    of repairs: [Repair], in context: RunContext
  ) throws -> [Evaluation.CurveResult] {
    var results: [Evaluation.CurveResult] = []
    for repair in repairs {
      guard let curve = repair.curve,
        !results.contains(where: { $0.defense == repair.defense && $0.curve == curve })
      else { continue }
      var result = Evaluation.CurveResult(defense: repair.defense, curve: curve)
      if replaysCurves {
        let good = try test.map { try replay(curve, on: $0.source, "test curve", in: context) }
        let bad = try poisoned.map {
          try replay(curve, on: $0.images.source, "poisoned curve", in: context)
        }
        if good != nil || bad != nil {
          result.replay = curve.correct.indices.map {
            modelResult(
              test: good?[$0].lazy.map(Prediction.init(label:)),
              poisoned: bad?[$0].lazy.map(Prediction.init(label:)))
          }
        }
      }
      results.append(result)
    }
    return results
  }

  /// Returns the predictions after 0, 1, ... channels of the sweep, as labels.
  private func replay(
    _ curve: PruningCurve, on source: any SampleSource, _ title: String, in context: RunContext
  ) throws -> [[Int32]] {
    let sweep = try ChannelSweep(
      model: suspect, layer: curve.layer, zeroingBias: curve.prunesBias,
      options: context.execution)
    let recording = try context.phase("recording, \(title)", images: source.count) {
      try sweep.record(source, takingMeans: false, progress: $0)
    }
    context.count(sweep, steps: curve.order.count, images: source.count)
    return try context.phase(title, images: source.count) {
      try recording.labels(masking: curve.order, progress: $0)
    }
  }
}

extension [Int] {
  /// Whether the positions ascend and are from 0 to under `count`.
  package func areAscending(under count: Int) -> Bool {
    zip(self, dropFirst()).allSatisfy { $0 < $1 } && (first ?? 0) >= 0 && (last ?? -1) < count
  }
}
