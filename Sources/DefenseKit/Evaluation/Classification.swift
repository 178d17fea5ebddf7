public import InferenceGraph

extension Detector {
  /// Returns a prediction for every image.
  ///
  /// - Parameters:
  ///   - source: The images to classify, which may carry a trigger.
  ///   - suspect: The model to classify with.
  ///   - repaired: A repaired copy of the suspect; required if the detector compares models.
  ///   - clean: The clean images to fit the detector on; required if the detector learns.
  ///   - context: The execution options.
  /// - Throws: ``PluginError`` if clean data or the repaired model is missing, and the errors of
  ///   the detector and the execution.
  public func predictions(
    for source: any SampleSource, suspect: Model, repaired: Repair?, using clean: CleanData?,
    in context: RunContext
  ) throws -> [Prediction] {
    try detections(on: source, suspect: suspect, repaired: repaired, using: clean, in: context)
      .map(\.prediction)
  }

  /// Returns the detector's answer for every image.
  ///
  /// Parameters and errors are those of ``predictions(for:suspect:repaired:using:in:)``.
  public func detections(
    on source: any SampleSource, suspect: Model, repaired: Repair?, using clean: CleanData?,
    in context: RunContext
  ) throws -> [Detection] {
    try PluginInputs(
      model: suspect, cleanImages: clean?.count ?? 0, hasLabels: clean?.isLabelled ?? true,
      hasRepairedModel: repaired != nil
    ).check(self)
    try clean?.check(against: suspect)
    let pass = try EvaluationPass(
      suspect, repaired: comparesModels ? [required(repaired)] : [], [self], using: clean,
      in: context)
    return try pass.run(on: source, "detecting", in: context).detections[0]
  }
}

extension Evaluation.ModelResult {
  /// Evaluates one model by itself.
  ///
  /// - Throws: ``DataError`` if a data set does not fit the model or if both sets have the same
  ///   images; the errors of the execution.
  public init(
    of model: Model, test: CleanData?, poisoned: PoisonedData?, in context: RunContext
  ) throws {
    let experiment = try Experiment(suspect: model, clean: nil, test: test, poisoned: poisoned)
    self.init()
    for note in experiment.notes { context.warn(note) }
    let overlap = ImageOverlap(experiment.sets)
    try overlap.checkFirst()
    if let test {
      self.test = try CleanCounts(of: model, on: test, "test images", in: context)
    }
    if let poisoned {
      self.poisoned = AttackCounts(
        predictions: try naming(poisoned.name) {
          try model.predictions(
            for: poisoned.images.prints.recording, "poisoned images", in: context)
        },
        targets: poisoned.targets, trueLabels: poisoned.trueLabels)
    }
    try overlap.check(in: context)
  }
}

extension CleanCounts {
  /// Counts how a model classifies clean images, which a defense must report for each of its
  /// repairs.
  ///
  /// - Parameters:
  ///   - model: The model.
  ///   - clean: The images.
  ///   - title: The name of the phase, one to three words.
  ///   - context: The execution options, and the receiver of progress and cost.
  /// - Throws: ``DataError`` if the images do not fit the model or one cannot be evaluated.
  public init(
    of model: Model, on clean: CleanData, _ title: String = "clean images", in context: RunContext
  ) throws {
    try clean.check(against: model)
    let predictions = try naming(clean.name) {
      try model.predictions(for: clean.images.prints.recording, title, in: context)
    }
    self.init(predictions: predictions, labels: clean.labels)
  }
}

extension Model {
  /// Returns a prediction for every image, as one phase of the run.
  func predictions(
    for source: any SampleSource, _ title: String, in context: RunContext
  ) throws -> [Prediction] {
    let executor = try Executor([self], options: context.execution)
    let predictions = try context.phase(title, images: source.count) {
      try executor.predictions(for: source, progress: $0)
    }[0]
    context.count(run: Double(source.count), alone: Double(source.count))
    return predictions
  }
}
