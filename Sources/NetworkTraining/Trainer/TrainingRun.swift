internal import InferenceGraph

/// The running state of a training.
final class TrainingRun {
  private let model: Model
  private let data: TrainingSet
  private let heldOut: TrainingSet?
  private let options: TrainingOptions
  private let execution: ExecutionOptions
  private let backpropagation: Backpropagation
  private let batches: TrainingBatches
  private let update: WeightUpdate
  private var history: [TrainingEpoch] = []
  private var best: TrainingState.Best?

  private var parameters: Parameters { backpropagation.parameters }
  /// The number of steps in an epoch; their sizes differ by at most one.
  private var steps: Int { batches.stepsPerEpoch }

  /// Prepares a training. The caller has checked options and images.
  init(
    _ model: Model, _ data: TrainingSet, _ heldOut: TrainingSet?, _ options: TrainingOptions,
    _ execution: ExecutionOptions
  ) throws {
    self.model = model
    self.data = data
    self.heldOut = heldOut
    self.options = options
    self.execution = execution
    batches = try TrainingBatches(
      data, batchSize: options.batchSize, augmentation: options.augmentation, seed: options.seed)
    backpropagation = try Backpropagation(
      model, batchSize: batches.largestBatch, freezesNormalization: options.freezesNormalization,
      options: execution)
    // The optimizer's averages, the weights of the last and the best epoch, and the resulting
    // model.
    try backpropagation.checkMemory(
      bytesPerWeight: (options.optimizer.slotCount + 3) * MemoryLayout<Float>.size)
    update = WeightUpdate(
      backpropagation.parameters, options.optimizer, weightDecay: options.weightDecay,
      clipping: options.clipping, threads: execution.threads)
  }

  /// Trains until the last epoch or until ``isOverEarly``.
  func run(
    from state: TrainingState?, _ progress: ProgressHandler?,
    _ checkpoint: ((TrainingState) throws -> Void)?
  ) throws -> TrainingResult {
    let identity = state == nil && checkpoint == nil ? [] : try self.identity()
    if let state {
      try state.check(against: identity, weightCount: parameters.count, options)
      take(state)
    } else if options.keepsBest {
      best = TrainingState.Best(weights: weights, correct: try heldOutCorrect() ?? 0, epoch: nil)
    }
    while history.count < options.epochs, !isOverEarly {
      let last = weights
      do {
        history.append(try runEpoch(history.count, progress))
      } catch let divergence as Divergence {
        parameters.unpack(last, into: parameters.weights)
        throw TrainingError(
          divergence.problem(options, epoch: history.count, steps: steps),
          remedies: [.lower("learningRate")],
          lastGood: TrainingResult(
            model: backpropagation.currentModel, epochs: history, keptEpoch: history.indices.last))
      }
      try noteHeldOut()
      try checkpoint?(
        TrainingState(
          epochs: history, identity: identity, weights: weights,
          slots: update.slots.map { parameters.packed($0) }, best: best))
    }
    if let best { parameters.unpack(best.weights, into: parameters.weights) }
    return TrainingResult(
      model: backpropagation.currentModel, epochs: history,
      keptEpoch: options.keepsBest ? best?.epoch : history.indices.last)
  }

  /// Whether the last improvement is at least ``TrainingOptions/patience`` epochs ago.
  private var isOverEarly: Bool {
    guard let patience = options.patience else { return false }
    return history.count - 1 - lastGain >= patience
  }

  /// The first epoch with the best accuracy on held-out images; -1 if the model before training
  /// counts and was as good.
  private var lastGain: Int {
    if options.keepsBest { return best?.epoch ?? -1 }
    let counts = history.map { $0.heldOutCorrect ?? 0 }
    return counts.max().flatMap { counts.firstIndex(of: $0) } ?? -1
  }

  private var weights: [Float] { parameters.packed(parameters.weights) }

  private func take(_ state: TrainingState) {
    parameters.unpack(state.weights, into: parameters.weights)
    for (values, slot) in zip(state.slots, update.slots) { parameters.unpack(values, into: slot) }
    history = state.epochs
    best = state.best
    update.steps = history.count * steps
  }

  // MARK: Epochs

  private func runEpoch(_ epoch: Int, _ progress: ProgressHandler?) throws -> TrainingEpoch {
    let count = data.labels.count
    var (loss, correct, done) = (0.0, 0, epoch * count)
    for (step, batch) in batches.epoch(epoch).enumerated() {
      try execution.cancellation?.check()
      let result = try backpropagation.run(
        batch,
        .crossEntropy(
          batch.labels, targets: batch.targets, smoothing: options.labelSmoothing), true)
      let factor = options.schedule.factor(
        step: epoch * steps + step, stepsPerEpoch: steps, epochs: options.epochs)
      guard result.loss.isFinite, update.step(rate: options.learningRate * factor) else {
        throw Divergence(step: step, loss: result.loss)
      }
      loss += result.loss
      correct += result.correct
      done += batch.count
      progress?(done)
    }
    return TrainingEpoch(
      loss: loss / Double(steps), accuracy: Double(correct) / Double(count))
  }

  /// Evaluates the last epoch on the held-out images.
  private func noteHeldOut() throws {
    guard let correct = try heldOutCorrect() else { return }
    history[history.count - 1].heldOutCorrect = correct
    if let best, correct > best.correct {
      self.best = TrainingState.Best(
        weights: weights, correct: correct, epoch: history.count - 1)
    }
  }

  private func heldOutCorrect() throws -> Int? {
    guard let heldOut else { return nil }
    let labels = try Executor([backpropagation.currentModel], options: execution)
      .labels(for: heldOut.source)[0]
    return zip(labels, heldOut.labels).count { $0 == $1 }
  }

  // MARK: Identity

  /// Everything that determines the training's course, except the machine.
  private func identity() throws -> [TrainingState.Item] {
    let graph = model.graph
    let modelText =
      "\(model.fingerprint.text) (\(graph.nodes.count) layers, \(graph.parameterCount) weights)"
    var all = Fingerprint(of: data)
    unsafe batches.images.withBytes { unsafe all.add(stored: $0, of: data.source) }
    var targets = Fingerprint()
    targets.add(data.targets ?? [])
    let heldOutText = try heldOut.map { set in
      var some = Fingerprint(of: set)
      try some.add(imagesOf: set.source)
      return "\(set.labels.count) (\(some.text))"
    }
    return [
      TrainingState.Item(name: "model", value: modelText),
      TrainingState.Item(name: "images", value: "\(data.labels.count) (\(all.text))"),
      TrainingState.Item(name: "targets", value: data.targets == nil ? "none" : targets.text),
      TrainingState.Item(name: "held-out images", value: heldOutText ?? "none"),
    ] + options.identity
  }
}

/// A step with a loss or weights that are not finite.
private struct Divergence: Error {
  let step: Int
  let loss: Double

  func problem(_ options: TrainingOptions, epoch: Int, steps: Int) -> String {
    let value = loss.isNaN ? "NaN" : "\(Float(loss))"
    let weights = loss.isFinite ? " and the weights are no longer finite" : ""
    return "the training diverged in epoch \(epoch + 1) of \(options.epochs), step \(step + 1) of "
      + "\(steps): the loss is \(value)\(weights) at a learning rate of "
      + "\(options.learningRate)"
  }
}
