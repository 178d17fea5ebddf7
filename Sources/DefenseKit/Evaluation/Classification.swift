public import InferenceGraph

extension Detector {
  /// Returns a class for every image, or the number of classes where the detector flags it.
  ///
  /// - Parameters:
  ///   - source: The images, of which nothing is known.
  ///   - suspect: The model to classify with.
  ///   - repaired: A repaired copy of it.
  ///   - clean: What the detector may learn from; needed only if it learns.
  ///   - context: How to execute.
  /// - Throws: ``PluginError`` if clean data is missing, and what detector and execution throw.
  public func labels(
    of source: any SampleSource, suspect: Model, repaired: Model, using clean: CleanData?,
    in context: RunContext
  ) throws -> [Int32] {
    guard clean != nil || !Self.learnsFromCleanData else {
      throw PluginError(
        .badOption, "\(Self.name) learns from clean images; give some with --clean")
    }
    try clean?.check(against: suspect)
    let team = try Team(
      suspect, repaired: [repaired], [self], using: clean ?? CleanData(emptyFor: suspect),
      in: context)
    return try team.look(at: source, "inspecting", in: context).verdicts[0].map(\.label)
  }
}

extension Evaluation.ModelResult {
  /// Measures one model by itself.
  ///
  /// - Throws: ``DataError`` if a data set does not fit the model, and what the execution throws.
  public init(
    of model: Model, test: CleanData?, poisoned: PoisonedData?, in context: RunContext
  ) throws {
    try test?.check(against: model)
    try poisoned?.check(against: model)
    let executor = try Executor([model], options: context.execution)
    func predictions(_ source: any SampleSource, _ title: String) throws -> [Int32] {
      try context.phase(title, images: source.count) {
        try executor.predictions(for: source, progress: $0)
      }[0]
    }
    self.init()
    if let test {
      clean = CleanCounts(
        verdicts: try predictions(test.source, "clean test images"), labels: test.labels,
        classCount: model.classCount)
    }
    if let poisoned {
      self.poisoned = AttackCounts(
        verdicts: try predictions(poisoned.source, "poisoned test images"),
        targets: poisoned.targets, trueLabels: poisoned.trueLabels, classCount: model.classCount)
    }
  }
}
