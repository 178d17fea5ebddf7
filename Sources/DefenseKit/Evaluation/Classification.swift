public import InferenceGraph

extension Detector {
  /// Returns a class for every image, or the number of classes where the detector flags it.
  ///
  /// - Parameters:
  ///   - source: The images, of which nothing is known.
  ///   - suspect: The model to classify with.
  ///   - repaired: A repaired copy of it; needed only if the detector compares models.
  ///   - clean: What the detector may learn from; needed only if it learns.
  ///   - context: How to execute.
  /// - Throws: ``PluginError`` if clean data or the repaired model is missing, and what detector and
  ///   execution throw.
  public func labels(
    of source: any SampleSource, suspect: Model, repaired: Model?, using clean: CleanData?,
    in context: RunContext
  ) throws -> [Int32] {
    try verdicts(on: source, suspect: suspect, repaired: repaired, using: clean, in: context)
      .map(\.label)
  }

  /// Returns what the detector says about every image.
  ///
  /// Parameters and errors are those of ``labels(of:suspect:repaired:using:in:)``.
  public func verdicts(
    on source: any SampleSource, suspect: Model, repaired: Model?, using clean: CleanData?,
    in context: RunContext
  ) throws -> [Verdict] {
    try PluginInputs(
      model: suspect, cleanImages: clean?.count ?? 0, hasRepairedModel: repaired != nil
    ).check(Self.self)
    try clean?.check(against: suspect)
    let team = try Team(
      suspect, repaired: Self.comparesModels ? [required(repaired)] : [], [self], using: clean,
      in: context)
    return try team.look(at: source, "inspecting", in: context).verdicts[0]
  }
}

extension Evaluation.ModelResult {
  /// Measures one model by itself.
  ///
  /// - Throws: ``DataError`` if a data set does not fit the model or both have the same images, and what
  ///   the execution throws.
  public init(
    of model: Model, test: CleanData?, poisoned: PoisonedData?, in context: RunContext
  ) throws {
    try test?.check(against: model)
    try poisoned?.check(against: model)
    self.init()
    for note in [test?.notes, poisoned?.notes].compactMap({ $0 }).joined() { context.warn(note) }
    let overlap = ImageOverlap(clean: nil, test: test, poisoned: poisoned)
    try overlap.checkFirst()
    if let test {
      clean = try CleanCounts(of: model, on: test, "clean test images", in: context)
    }
    if let poisoned {
      self.poisoned = AttackCounts(
        verdicts: try naming(poisoned.name) {
          try model.predictions(for: poisoned.prints.recording, "poisoned test images", in: context)
        },
        targets: poisoned.targets, trueLabels: poisoned.trueLabels, classCount: model.classCount)
    }
    try overlap.check(in: context)
  }
}

extension CleanCounts {
  /// Counts how a model classifies clean images, as a defense must for each of its repairs.
  ///
  /// - Parameters:
  ///   - model: The model.
  ///   - clean: The images.
  ///   - title: What to call it while it goes on, in a word or three.
  ///   - context: How to execute; it is told the progress and the cost.
  /// - Throws: ``DataError`` if the images do not fit the model or one cannot be evaluated.
  public init(
    of model: Model, on clean: CleanData, _ title: String = "clean images", in context: RunContext
  ) throws {
    try clean.check(against: model)
    let predictions = try naming(clean.name) {
      try model.predictions(for: clean.prints.recording, title, in: context)
    }
    self.init(verdicts: predictions, labels: clean.labels, classCount: model.classCount)
  }
}

extension Model {
  /// Returns a class for every image, as one phase of the run.
  func predictions(
    for source: any SampleSource, _ title: String, in context: RunContext
  ) throws -> [Int32] {
    let executor = try Executor([self], options: context.execution)
    let predictions = try context.phase(title, images: source.count) {
      try executor.predictions(for: source, progress: $0)
    }[0]
    context.count(run: Double(source.count), alone: Double(source.count))
    return predictions
  }
}
