public import InferenceGraph
public import ModelIO

/// A backdoored model and all that belongs to it.
public struct AttackOutcome: Sendable {
  /// The backdoored model.
  public var model: Model
  /// Its training, epoch by epoch.
  public var epochs: [TrainingEpoch]
  /// The images that it was trained with.
  public var poisoning: Poisoning
  /// Triggered test images, labelled with what the attacker wants.
  public var triggered: DataSet
  /// The model on the clean and on the triggered test images.
  public var result: Evaluation.ModelResult
  /// A model that was trained the same way on clean images, and how it did, if that was asked for.
  public var twin: (model: Model, result: Evaluation.ModelResult)?
}

extension AttackExperiment {
  /// Poisons, trains and judges.
  ///
  /// - Parameters:
  ///   - cleanTwin: Whether a model is trained the same way on clean images, for comparison.
  ///   - state: Where an earlier training on the poisoned images stood.
  ///   - checkpoint: Given the state of the training on the poisoned images after every epoch.
  ///   - context: How to execute, and where progress, warnings and costs go.
  /// - Throws: ``PluginError`` or ``DataError`` for images that cannot be poisoned as asked,
  ///   `TrainingError` for a training that cannot go on, and what the execution throws.
  public func run(
    cleanTwin: Bool = false, resuming state: TrainingState? = nil,
    checkpoint: ((TrainingState) throws -> Void)? = nil, in context: RunContext
  ) throws -> AttackOutcome {
    let (triggeredImages, trueLabels) = try trigger.testSet(from: test)
    let triggered = triggeredImages.dataSet(trueLabels: trueLabels)
    var clean: Model?
    func cleanModel() throws -> Model {
      if let clean { return clean }
      let model = try train(on: training, "training, clean", in: context).model
      clean = model
      return model
    }
    let task = PoisoningTask(
      for: type(of: attack), images: training, trigger: trigger, rate: rate, seed: seed,
      cleanModel: cleanModel)
    let poisoning = try attack.poison(task, in: context)
    let result = try train(
      on: poisoning.images, "training, poisoned", resuming: state, checkpoint: checkpoint,
      in: context)
    return AttackOutcome(
      model: result.model, epochs: result.epochs, poisoning: poisoning, triggered: triggered,
      result: try judge(result.model, triggered, in: context),
      twin: cleanTwin
        ? try (cleanModel(), judge(cleanModel(), triggered, in: context)) : nil)
  }

  private func train(
    on images: LabelledImages, _ title: String, resuming state: TrainingState? = nil,
    checkpoint: ((TrainingState) throws -> Void)? = nil, in context: RunContext
  ) throws -> TrainingResult {
    try naming(images.name) {
      try context.phase(title, images: images.count * options.epochs) {
        try initialModel.trained(
          on: images.trainingSet, options: options, resuming: state, execution: context.execution,
          progress: $0, checkpoint: checkpoint)
      }
    }
  }

  private func judge(
    _ model: Model, _ triggered: DataSet, in context: RunContext
  ) throws -> Evaluation.ModelResult {
    try Evaluation.ModelResult(
      of: model, test: CleanData(test.dataSet()), poisoned: PoisonedData(triggered), in: context)
  }
}
