internal import InferenceGraph
public import NetworkTraining
internal import ModelIO

extension AttackExperiment {
  /// Makes the backdoored model as the attack's ``Attack/method`` says, and evaluates it.
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
    let kind = type(of: attack)
    func triggered(_ trigger: Trigger) throws -> DataSet {
      let (images, trueLabels) = try trigger.testSet(from: test)
      return images.dataSet(trueLabels: trueLabels)
    }
    // Before any training, because the test images may not suit.
    var sets = try ([trigger] + otherTriggers).map(triggered)
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
    // An edited model comes from the clean one, whose training is then the one to resume.
    let edited =
      try kind.method == .editing
      ? trainedModel(on: train, "training, clean", resuming: state, checkpoint: checkpoint) : nil
    clean = edited?.model
    let trigger = try attack.fitted(trigger, to: cleanModel, in: context)
    if trigger != self.trigger { sets[0] = try triggered(trigger) }
    let task = PoisoningTask(
      for: kind, images: train, trigger: trigger, otherTriggers: otherTriggers, rate: rate,
      seed: seed, cleanModel: cleanModel)
    let poisoning = try attack.poison(task, in: context)
    warnOfFloor(poisoning)
    let result: TrainingResult
    if var edited {
      edited.model = try attack.edited(edited.model, task, in: context)
      result = edited
    } else {
      result = try trainedModel(
        from: kind.method == .retraining ? cleanModel() : initialModel, on: poisoning.images,
        "training, poisoned", resuming: state, checkpoint: checkpoint)
    }
    var outcome = AttackOutcome(
      model: result.model, epochs: result.epochs, trigger: trigger, poisoning: poisoning,
      triggered: sets[0], result: try evaluate(result.model, sets[0]))
    for (trigger, triggered) in zip(otherTriggers, sets.dropFirst()) {
      outcome.others.append(
        .init(
          trigger: trigger, triggered: triggered,
          result: try Evaluation.ModelResult(
            of: result.model, test: nil, poisoned: PoisonedData(triggered), in: context)))
    }
    guard cleanTwin else { return outcome }
    do {
      let twin = try cleanModel()
      outcome.twin = (twin, try evaluate(twin, sets[0]))
    } catch let error as TrainingError {
      outcome.twinFailure = error
    }
    return outcome
  }

  private func warnOfFloor(_ poisoning: Poisoning) {
    let kind = type(of: attack)
    let share = Int((Double(train.count) * rate).rounded())
    guard kind.leastPoisoned > 1, !kind.keepsLabels, poisoning.poisoned.count > share else {
      return
    }
    context.warn(
      "\(kind.name) poisons at least \(kind.leastPoisoned) images; the rate of "
        + "\(rate.optionText) alone would select \(share)")
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
    from model: Model? = nil, on images: LabelledImages, _ title: String,
    resuming state: TrainingState? = nil,
    checkpoint: ((TrainingState) throws -> Void)? = nil
  ) throws -> TrainingResult {
    try naming(images.name) {
      let result = try context.phase(title, images: images.count * options.epochs) {
        try (model ?? initialModel).trained(
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
