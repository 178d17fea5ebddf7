public import InferenceGraph

/// A suspect with the data to defend it and to evaluate the defense.
///
/// ```swift
/// let experiment = try Experiment(
///   suspect: model, clean: validation, test: test, poisoned: poisoned)
/// let evaluation = try experiment.run([FinePruning()], [GoodNet()], in: RunContext())
/// ```
public struct Experiment: Sendable {
  /// The model that may have a backdoor.
  public var suspect: Model
  /// The clean images that defenses and detectors may use; nil if no plugin requires them.
  public var clean: CleanData?
  /// Clean test images, which no plugin sees; nil if there are none.
  public var test: CleanData?
  /// Triggered images, which no plugin sees; nil if there are none.
  public var poisoned: PoisonedData?
  /// The suspect's training set, which may be poisoned; nil if unavailable.
  public var training: TrainingData?
  /// Whether pruning sweeps are replayed on the test sets.
  public var replaysCurves: Bool

  /// Creates an experiment.
  ///
  /// - Throws: ``DataError`` if a data set does not fit the model.
  public init(
    suspect: Model, clean: CleanData?, test: CleanData? = nil, poisoned: PoisonedData? = nil,
    training: TrainingData? = nil, replaysCurves: Bool = false
  ) throws(DataError) {
    try clean?.check(against: suspect)
    try test?.check(against: suspect)
    try poisoned?.check(against: suspect)
    try training?.check(against: suspect)
    self.suspect = suspect
    self.clean = clean
    self.test = test
    self.poisoned = poisoned
    self.training = training
    self.replaysCurves = replaysCurves
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
      try inputs(hasRepairedModel: !defenses.isEmpty).check(type(of: plugin))
    }
    let judged = try verdicts.map { try verdict(by: $0, in: context) }
    let scored = try dataSetDetectors.map { try scores(by: $0, in: context) }
    let repairs = try defenses.flatMap { try self.repairs(by: $0, in: context) }
    var evaluation = try evaluate(repairs, detectors, in: context)
    evaluation.verdicts = judged
    evaluation.dataSets = scored
    return evaluation
  }

  /// Returns the inputs that the experiment provides to plugins.
  ///
  /// - Parameter hasRepairedModel: Whether the run has a repaired copy, or a defense to make one.
  public func inputs(hasRepairedModel: Bool = false) -> PluginInputs {
    PluginInputs(
      model: suspect, cleanImages: clean?.count ?? 0, hasRepairedModel: hasRepairedModel,
      hasTrainingData: training != nil)
  }

  /// Runs one model scanner on the suspect.
  ///
  /// - Throws: Like ``run(_:_:verdicts:dataSetDetectors:in:)``.
  public func verdict(
    by scanner: any ModelScanner, in context: RunContext
  ) throws -> Evaluation.VerdictResult {
    try begin(in: context)
    try inputs().check(type(of: scanner))
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
    try inputs().check(type(of: detector))
    guard let training else { throw PluginRequirement.trainingData.error(for: type(of: detector)) }
    let scores = try naming(training.name) {
      try detector.scores(of: training, model: suspect, using: clean, in: context)
    }
    let dropped = scores.dropped ?? []
    guard scores.scores.count == training.count,
      zip(dropped, dropped.dropFirst()).allSatisfy({ $0 < $1 }),
      dropped.allSatisfy({ training.labels.indices.contains($0) })
    else {
      throw PluginError(
        .init(rawValue: "wrong-scores"),
        "gave \(scores.scores.count) scores for \(training.count) images, or drops images that do "
          + "not exist or are not in ascending order, which is a mistake in the plugin",
        about: .plugin(name))
    }
    return Evaluation.DataSetResult(
      detector: name, scores: scores,
      counts: DataSetCounts(scores, isPoisoned: training.isPoisoned))
  }

  /// Runs one defense on the suspect.
  ///
  /// - Throws: Like ``run(_:_:verdicts:dataSetDetectors:in:)``.
  public func repairs(by defense: any Defense, in context: RunContext) throws -> [Repair] {
    try begin(in: context)
    try inputs().check(type(of: defense))
    return try naming(clean?.name) { try defense.repair(suspect, using: clean, in: context) }
  }

  private var overlap: ImageOverlap {
    ImageOverlap(clean: clean, test: test, poisoned: poisoned)
  }

  /// Passes on the notes of all data sets and rejects poisoned images that are clean ones.
  private func begin(in context: RunContext) throws {
    let notes = [clean?.notes, test?.notes, poisoned?.notes, training?.notes]
    for note in notes.compactMap({ $0 }).joined() {
      context.warn(note)
    }
    try overlap.checkFirst()
  }

  /// Evaluates repaired models and detectors, all of them in one pass over each test set.
  ///
  /// Warns about images that are in two of the sets.
  ///
  /// - Throws: ``DataError`` if the poisoned images are the same as the defense's clean images or
  ///   the clean test images; the errors of detectors and execution.
  public func evaluate(
    _ repairs: [Repair], _ detectors: [any Detector] = [], in context: RunContext
  ) throws -> Evaluation {
    try begin(in: context)
    for detector in detectors {
      // Without repaired models, detectors that compare models are skipped.
      try inputs(hasRepairedModel: true).check(type(of: detector))
    }
    let team = try Team(
      suspect, repaired: repairs.map(\.model), detectors, using: clean, in: context)
    let cleanPass = try test.map { test in
      try naming(test.name) {
        try team.look(at: test.prints.recording, "clean test images", in: context)
      }
    }
    let poisonedPass = try poisoned.map { poisoned in
      try naming(poisoned.name) {
        try team.look(at: poisoned.prints.recording, "poisoned test images", in: context)
      }
    }
    try overlap.check(in: context)
    func result(_ verdicts: (Pass) -> [Int32]) -> Evaluation.ModelResult {
      let answers = cleanPass.map(verdicts)
      var result = modelResult(clean: answers, poisoned: poisonedPass.map(verdicts))
      result.byClass = countsByClass(answers ?? [])
      return result
    }
    let suspectResult = result { $0.predictions[0] }
    warnNearChance(suspectResult, repairs, in: context)
    func detectorResults(_ members: Range<Int>) -> [Evaluation.DetectorResult] {
      members.map { member in
        Evaluation.DetectorResult(
          detector: team.names[member], verdicts: result { $0.verdicts[member].map(\.label) },
          scores: DetectorScores(
            clean: cleanPass?.verdicts[member].map(\.score) ?? [],
            poisoned: countedScores(poisonedPass?.verdicts[member] ?? [])))
      }
    }
    let results = repairs.enumerated().map { position, repair in
      Evaluation.RepairResult(
        repair: repair, result: result { $0.predictions[position + 1] },
        detectors: detectorResults(team.members(ofRepair: position)))
    }
    let evaluation = Evaluation(
      suspect: suspectResult, suspectDetectors: detectorResults(team.membersOfSuspect),
      repairs: results, curves: try curves(of: repairs, in: context))
    for line in evaluation.nonfiniteLines { context.warn(line) }
    return evaluation
  }

  /// Counts verdicts on the clean test images, class by class.
  private func countsByClass(_ verdicts: [Int32]) -> [ClassCounts] {
    guard let test, !verdicts.isEmpty else { return [] }
    var counts = Array(repeating: ClassCounts(), count: suspect.classCount)
    for (verdict, label) in zip(verdicts, test.labels) {
      counts[Int(label)].images += 1
      if verdict == label { counts[Int(label)].correct += 1 }
    }
    return counts
  }

  /// Counts verdicts on both test sets.
  private func modelResult(clean: [Int32]?, poisoned: [Int32]?) -> Evaluation.ModelResult {
    Evaluation.ModelResult(
      clean: clean.map {
        CleanCounts(verdicts: $0, labels: test?.labels ?? [], classCount: suspect.classCount)
      },
      poisoned: poisoned.map {
        AttackCounts(
          verdicts: $0, targets: self.poisoned?.targets ?? [],
          trueLabels: self.poisoned?.trueLabels, classCount: suspect.classCount)
      })
  }

  /// The scores of the poisoned images that the attack success rate counts, so that a detector's
  /// ROC curve agrees with its share of flagged images.
  private func countedScores(_ verdicts: [Verdict]) -> [Float] {
    guard let poisoned else { return [] }
    return verdicts.indices.filter { isCounted($0, poisoned.targets, poisoned.trueLabels) }
      .map { verdicts[$0].score }
  }

  /// Warns about a suspect near chance, unless a defense has already counted and called
  /// ``RunContext/checkBaseline(correct:images:of:on:)``.
  private func warnNearChance(
    _ result: Evaluation.ModelResult, _ repairs: [Repair], in context: RunContext
  ) {
    guard let counts = result.clean, !repairs.contains(where: { $0.curve != nil }) else { return }
    context.checkBaseline(
      correct: counts.correct, images: counts.images, of: suspect,
      on: test?.name ?? "the test set")
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
        let clean = try test.map { try replay(curve, on: $0.source, "clean curve", in: context) }
        let bad = try poisoned.map {
          try replay(curve, on: $0.source, "poisoned curve", in: context)
        }
        if clean != nil || bad != nil {
          result.replay = curve.correct.indices.map {
            modelResult(clean: clean?[$0], poisoned: bad?[$0])
          }
        }
      }
      results.append(result)
    }
    return results
  }

  /// Returns the predictions after 0, 1, ... channels of the sweep.
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
      try recording.predictions(masking: curve.order, progress: $0)
    }
  }
}
