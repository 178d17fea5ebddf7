internal import InferenceGraph
public import NetworkTraining
internal import ModelIO

extension AttackExperiment {
  /// Poisons the training images, trains the model and evaluates it.
  ///
  /// If the training of the clean twin fails, the outcome has no twin and says why.
  ///
  /// - Parameters:
  ///   - cleanTwin: Whether to train a clean twin for comparison.
  ///   - state: The state of an interrupted training on the poisoned images, to resume from.
  ///   - checkpoint: Called after every epoch with the state of the training on the poisoned
  ///     images.
  /// - Throws: ``PluginError`` or ``DataError`` for images that cannot be poisoned as requested;
  ///   `TrainingError` for a failed training, with the last good model if the images were the
  ///   poisoned ones; the errors of the execution.
  public func run(
    cleanTwin: Bool = false, resuming state: TrainingState? = nil,
    checkpoint: ((TrainingState) throws -> Void)? = nil
  ) throws -> AttackOutcome {
    try warnOfOverlap()
    let (triggeredImages, trueLabels) = try trigger.testSet(from: test)
    let triggered = triggeredImages.dataSet(trueLabels: trueLabels)
    var clean: Model?
    func cleanModel() throws -> Model {
      if let clean { return clean }
      do {
        let model = try trainedModel(on: train, "training, clean").model
        clean = model
        return model
      } catch let error as TrainingError {
        // Drops the last good model, which is not the backdoored one that the caller requested.
        throw TrainingError(
          error.problem, about: error.subject ?? .dataSet("the clean images"),
          remedies: error.remedies)
      }
    }
    let task = PoisoningTask(
      for: type(of: attack), images: train, trigger: trigger, rate: rate, seed: seed,
      cleanModel: cleanModel)
    let poisoning = try attack.poison(task, in: context)
    let result = try trainedModel(
      on: poisoning.images, "training, poisoned", resuming: state, checkpoint: checkpoint)
    var outcome = AttackOutcome(
      model: result.model, epochs: result.epochs, poisoning: poisoning, triggered: triggered,
      result: try evaluate(result.model, triggered))
    guard cleanTwin else { return outcome }
    do {
      let twin = try cleanModel()
      outcome.twin = (twin, try evaluate(twin, triggered))
    } catch let error as TrainingError {
      outcome.twinFailure = error
    }
    return outcome
  }

  private func warnOfOverlap() throws {
    let known = Set(try train.dataSet().fingerprints())
    let count = try test.dataSet().fingerprints().count { known.contains($0) }
    guard count > 0 else { return }
    let names = train.name == test.name ? test.name : "\(train.name) and \(test.name)"
    let share = count == test.count ? "all \(count)" : "\(count) of the \(test.count)"
    context.warn(
      "\(names): \(share) test images are also training images, which flatters the results; use "
        + "other test images")
  }

  private func trainedModel(
    on images: LabelledImages, _ title: String, resuming state: TrainingState? = nil,
    checkpoint: ((TrainingState) throws -> Void)? = nil
  ) throws -> TrainingResult {
    try naming(images.name) {
      let result = try context.phase(title, images: images.count * options.epochs) {
        try initialModel.trained(
          on: images.trainingSet, options: options, resuming: state, execution: context.execution,
          progress: $0, checkpoint: checkpoint)
      }
      // Counted like in FineTuner: one pass forward, one back to the weights, one back to the
      // values.
      let epochs = result.epochs.count - (state?.epochs.count ?? 0)
      let passes = Double(3 * images.count * epochs)
      context.count(run: passes, alone: passes)
      return result
    }
  }

  private func evaluate(
    _ model: Model, _ triggered: DataSet
  ) throws -> Evaluation.ModelResult {
    try Evaluation.ModelResult(
      of: model, test: CleanData(test.dataSet()), poisoned: PoisonedData(triggered), in: context)
  }
}
