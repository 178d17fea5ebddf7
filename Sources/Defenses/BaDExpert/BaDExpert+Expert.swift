internal import DefenseKit

extension BaDExpert {
  /// Returns the expert: a copy of the suspect that has forgotten clean images, but not the
  /// backdoor.
  ///
  /// It is trained with the labels (y + 1) mod N, for the first number of epochs after which it
  /// classifies at most 1/N of the held-out images correctly, N the number of classes. Warns if it
  /// never does.
  ///
  /// - Parameters:
  ///   - suspect: The model.
  ///   - clean: The clean images.
  ///   - heldOut: The positions in `clean` of the images not to train on, ascending.
  ///   - context: The execution options and the seed of the images' order.
  /// - Throws: `PluginError` with code `untrainable` if no image is left to train on or the loss
  ///   diverges; `GraphError` for a network that cannot be trained; `DataError` for an image that
  ///   cannot be read.
  func expert(
    of suspect: Model, on clean: CleanData, heldOut: [Int], in context: RunContext
  ) throws -> Model {
    let held = Set(heldOut)
    // In an order that depends on the contents, so that training does not depend on the set's.
    let training = try clean.contentOrder().filter { !held.contains($0) }
    guard !training.isEmpty else {
      throw PluginError(
        .untrainable,
        "needs clean images to train the expert on, and all of \(clean.name) are held "
          + "out", about: .plugin(Self.name), remedies: [.advice("give more images")])
    }
    let classes = suspect.classCount
    let wrong = TrainingSet(
      Subset(of: clean.source, training),
      labels: training.map { (clean.labels[$0] + 1) % Int32(classes) })
    let judged = TrainingSet(
      Subset(of: clean.source, heldOut), labels: heldOut.map { clean.labels[$0] })
    var expert = suspect
    var correct = 0
    for epoch in 0..<options.expertEpochs {
      (expert, correct) = try trained(
        expert, on: wrong, judged: judged, epoch: epoch, in: context)
      if correct * classes <= heldOut.count { return expert }
    }
    context.warn(
      "bad-expert: after \(options.expertEpochs) epochs the expert still classifies \(correct) of "
        + "\(heldOut.count) held-out clean images correctly, so it tells little about triggers; raise "
        + "bad-expert.expert-epochs or bad-expert.expert-rate")
    return expert
  }

  /// Trains the expert for one epoch.
  ///
  /// - Returns: The expert, and how many images of `judged` it classifies correctly.
  private func trained(
    _ expert: Model, on wrong: TrainingSet, judged: TrainingSet, epoch: Int, in context: RunContext
  ) throws -> (Model, Int) {
    let count = wrong.labels.count
    let training = TrainingOptions(
      epochs: 1, batchSize: min(options.tuning.batch, count), optimizer: .adam(),
      learningRate: options.expertRate, keepsLast: true,
      freezesNormalization: options.tuning.freezesNormalization,
      seed: context.seed &+ UInt64(epoch))
    do {
      let result = try context.phase("expert", images: count) { progress in
        try expert.trained(
          on: wrong, heldOut: judged, options: training, execution: context.execution,
          progress: progress)
      }
      // A training step costs three passes: one forward, two back.
      let passes = Double(3 * count + judged.labels.count)
      context.count(run: passes, alone: passes)
      return (result.model, result.epochs.last?.heldOutCorrect ?? 0)
    } catch let error as TrainingError {
      throw PluginError(
        .untrainable, "stopped training the expert in epoch \(epoch + 1): \(error.problem)",
        about: .plugin(Self.name), remedies: [.lower("expert-rate", of: Self.name)])
    }
  }
}
