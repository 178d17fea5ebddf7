public import DefenseKit

/// Prunes the channels that are most sensitive to perturbation.
///
/// Small relative changes of a backdoored network's channels make the network see the trigger in
/// clean images: some channels are far more sensitive than those of a clean network. Adversarial
/// neuron pruning learns a mask m from 0 to 1 for each channel of the batch normalizations, which
/// minimizes
///
///     alpha * L(m * gamma, beta) + (1 - alpha) * max L((m + delta) * gamma, (1 + xi) * beta)
///
/// over delta and xi from -epsilon to epsilon, with L the cross-entropy on clean images. In every
/// step the perturbations start from a uniform distribution and climb along the sign of their
/// gradient, projected back to the range. (The authors' program omits the projection, so that
/// perturbations reach twice epsilon.) Then the masks take a step of gradient descent with momentum
/// and are clipped. Batch normalization uses the batch's statistics meanwhile. Weights don't
/// change.
///
/// Afterwards gamma becomes zero in the channels whose mask is at most the threshold; beta stays.
/// The threshold is either set (the paper uses 0.2) or the highest of 0, 0.05, ..., 0.95 before the
/// accuracy on held-out clean images first falls by more than `drop` points. The method needs no
/// triggered images.
///
/// Source: Wu and Wang, "Adversarial Neuron Pruning Purifies Backdoored Deep Models", NeurIPS 2021,
/// section 4.
public struct ANP: Defense {
  /// "anp".
  public static let name = "anp"
  /// One sentence for listings.
  public static let summary =
    "Prunes the channels most sensitive to perturbation, by masks trained on clean images."

  /// Batch normalization, whose channels it masks, and two clean images: one to learn from and one
  /// to choose the threshold with.
  public static let requirements: [PluginRequirement] = [
    .batchNormalization, .cleanData, .images(2), .labels,
  ]

  /// The options of this defense.
  public let options: Options

  /// Creates the defense with all defaults.
  public init() { options = Options() }

  /// Creates the defense.
  ///
  /// - Throws: `PluginError` if an option is out of range.
  public init(options: Options) throws(PluginError) {
    try Self.check(options)
    self.options = options
  }

  /// Learns the masks, chooses the threshold and returns the pruned model.
  ///
  /// - Throws: `PluginError` with code `unsuitableModel` for a model without batch normalization,
  ///   with code `untrainable` for too few images or a loss that is not finite, with code
  ///   `tooFewGroups` for images of one group; `GraphError` for a model that cannot be
  ///   differentiated; `DataError`; `CancellationError`.
  public func repair(
    _ model: Model, using clean: CleanData?, in context: RunContext
  ) throws -> [Repair] {
    try context.checkCancellation()
    let clean = try required(clean)
    guard !model.graph.normalizations.isEmpty else {
      throw PluginError(
        .unsuitableModel,
        "needs batch normalization, which '\(model.name)' lacks", about: .plugin(Self.name),
        remedies: [.advice("try fine-pruning or fine-tuning, which need none")])
    }
    try clean.check(against: model)
    guard clean.count >= 2 else {
      throw PluginError(
        .untrainable,
        "trains on some images and chooses its threshold on others, but \(clean.name) has "
          + "\(clean.count)", about: .plugin(Self.name), remedies: [.advice("give more")])
    }
    let (learned, heldOut) = try split(clean, seed: context.seed)
    let network = try masks(of: model, on: clean, learned, in: context)
    let threshold = try threshold(for: network, on: clean, heldOut, in: context)
    var (repaired, pruned) = (model, [PrunedChannels]())
    if let threshold { (repaired, pruned) = try network.repaired(threshold) }
    return [
      Repair(
        model: repaired, defense: Self.name, drop: options.threshold == nil ? options.drop : nil,
        pruned: pruned, heldOut: heldOut.sorted(),
        clean: try CleanCounts(of: repaired, on: clean, in: context))
    ]
  }

  /// Returns the positions of the images to learn from and of those to choose the threshold with.
  private func split(
    _ clean: CleanData, seed: UInt64
  ) throws -> (learned: [Int], heldOut: [Int]) {
    var numbers = SeededGenerator(seed: seed, stream: 0x61_6E70)
    let order = try clean.contentOrder()
    let places = numbers.permutation(clean.count)
    let share = Int((options.heldOut * Double(clean.count)).rounded())
    let (heldOut, learned) = try clean.split(
      places, holdingOut: min(max(share, 1), clean.count - 1), for: Self.name)
    return (learned.sorted().map { order[$0] }, heldOut.sorted().map { order[$0] })
  }

  // MARK: Masks

  private func masks(
    of model: Model, on clean: CleanData, _ learned: [Int], in context: RunContext
  ) throws -> MaskedNetwork {
    let batches = try TrainingBatches(
      TrainingSet(
        Subset(of: clean.source, learned), labels: learned.map { clean.labels[$0] }),
      batchSize: options.batch,
      augmentation: Augmentation(shift: options.shift, flip: options.flip), seed: context.seed)
    var learner = try MaskLearner(
      model, batchSize: batches.largestBatch, options, context.execution)
    var numbers = SeededGenerator(seed: context.seed, stream: 0x6E_6F69_7365)
    let (epochs, rest) = options.iterations.quotientAndRemainder(
      dividingBy: batches.stepsPerEpoch)
    let images = epochs * learned.count + rest * learned.count / batches.stepsPerEpoch
    var (iteration, epoch, done) = (0, 0, 0)
    try context.phase("masks", images: images) { progress in
      while iteration < options.iterations {
        for batch in batches.epoch(epoch).prefix(options.iterations - iteration) {
          try context.checkCancellation()
          let loss = Loss.crossEntropy(batch.labels)
          let value = try learner.step(from: learner.noise(&numbers)) {
            try $0.differentiate(loss, at: batch)
          }
          iteration += 1
          guard value.isFinite else {
            throw PluginError(
              .untrainable,
              "has a loss that is not finite after \(iteration) of \(options.iterations) "
                + "iterations at a learning rate of \(options.learningRate.optionText)",
              about: .plugin(Self.name),
              remedies: [.lower("learning-rate", of: Self.name), .lower("epsilon", of: Self.name)])
          }
          done += batch.count
          progress(done)
        }
        epoch += 1
      }
    }
    // Computing a gradient costs as much as three forward passes.
    let passes = Double(3 * (options.steps + 2) * done)
    context.count(run: passes, alone: passes)
    return MaskedNetwork(model: model, layers: learner.layers, masks: learner.masks)
  }

  // MARK: Threshold

  /// Returns the threshold and reports it to the user; nil if nothing is pruned.
  private func threshold(
    for network: MaskedNetwork, on clean: CleanData, _ heldOut: [Int], in context: RunContext
  ) throws -> Double? {
    func describe(_ threshold: Double) -> String {
      let count = network.pruned(threshold).reduce(0) { $0 + $1.count }
      return "anp prunes \(count) of \(network.channelCount) channels: those with masks up to "
        + threshold.optionText
    }
    if let threshold = options.threshold {
      context.warn("\(describe(threshold)), as anp.threshold sets it")
      return threshold
    }
    let images = Subset(of: clean.source, heldOut)
    let labels = heldOut.map { clean.labels[$0] }
    func correct(_ model: Model) throws -> Int {
      context.count(run: Double(labels.count), alone: Double(labels.count))
      let found = try Executor([model], options: context.execution).predictions(for: images)[0]
      return zip(found, labels).count { $0.isClass($1) }
    }
    return try context.phase("threshold", images: labels.count) { progress in
      let before = try correct(network.model)
      let least = Double(before) - options.drop / 100 * Double(labels.count)
      let best = try network.threshold(keeping: Int(least.rounded(.up))) {
        try correct(network.repaired($0).model)
      }
      progress(labels.count)
      let rule =
        "the highest threshold before held-out accuracy first falls by more than "
        + "\(options.drop.optionText) points"
      guard let best else {
        context.warn(
          "anp prunes nothing and returns the suspect: even masks of 0 cost more than "
            + "\(options.drop.optionText) points of held-out accuracy; raise anp.drop to prune")
        return nil
      }
      context.warn(
        "\(describe(best.threshold)), \(rule) (\(before) to \(best.correct) of \(labels.count) "
          + "clean images correct)")
      return best.threshold
    }
  }
}
