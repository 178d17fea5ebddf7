public import DefenseKit

/// Unlearns the perturbation that most misleads the network, by implicit hypergradients.
///
/// Each round searches one perturbation delta for all images by gradient ascent, one step a batch,
/// on
///
///     CE(f(x + delta), f's own class of x) - penalty * |delta|^2
///
/// Then each batch moves the weights to lower the cross-entropy CE(f(x + [patched] delta), y), in
/// which a random few images get delta. Its gradient accounts for the dependence of delta on the
/// weights: dCE/dtheta + (dPhi/dtheta)^T v, with Phi one step of gradient descent on the inner loss
/// over the round's first batch, and v the K-th iterate of v <- (dPhi/ddelta)^T v + dCE/ddelta.
/// Products with second derivatives are central differences of first ones, at a distance of 1 % of
/// max(1, |delta|) along v. The iteration is a truncated series; where it grows, a warning says so.
///
/// At least one image of a batch is patched; with 1 % of a small batch rounded down, as in the
/// authors' program, the method would be fine-tuning. Perturbed images may leave the range of pixel
/// values. The network runs as at inference throughout, and the weights after the last round are
/// kept. No choice depends on triggered images.
///
/// Source: Zeng, Chen, Park, Mao, Jin and Jia, "Adversarial Unlearning of Backdoors via Implicit
/// Hypergradient", ICLR 2022, algorithm 1.
public struct IBAU: Defense {
  /// "i-bau".
  public static let name = "i-bau"
  /// One sentence for listings.
  public static let summary =
    "Unlearns the perturbation that most misleads the model, by implicit hypergradients."

  /// Two labelled clean images: one to learn from and one to hold out.
  public static let requirements: [PluginRequirement] = [.cleanData, .images(2), .labels]

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

  /// Returns the model after the last round.
  ///
  /// - Throws: `PluginError` with code `untrainable` for too few images or a diverging step;
  ///   `GraphError` for a model that cannot be differentiated; `DataError`; `CancellationError`.
  public func repair(
    _ model: Model, using clean: CleanData?, in context: RunContext
  ) throws -> [Repair] {
    try context.checkCancellation()
    let clean = try required(clean)
    try clean.check(against: model)
    guard clean.count >= 2 else {
      throw PluginError(
        .untrainable,
        "learns from some images and holds out others, but \(clean.name) has \(clean.count)",
        about: .plugin(Self.name), remedies: [.advice("give more")])
    }
    let (learned, heldOut) = try split(clean, seed: context.seed)
    let before = try counts(of: model, on: clean, heldOut, in: context)
    context.checkBaseline(
      correct: before.all.correct, images: clean.count, of: model, on: clean)
    let repaired = try unlearned(model, on: clean, learned, in: context)
    let after = try counts(of: repaired, on: clean, heldOut, in: context)
    return [
      Repair(
        model: repaired, defense: Self.name, heldOut: heldOut, clean: after.all,
        tuning: TuningSummary(
          epochs: options.rounds, images: learned.count, before: before.heldOut,
          after: after.heldOut))
    ]
  }

  private func split(
    _ clean: CleanData, seed: UInt64
  ) throws -> (learned: [Int], heldOut: [Int]) {
    var numbers = SeededGenerator(seed: seed, stream: 0x69_6261_75)
    let order = try clean.contentOrder()
    let share = Int((options.heldOut * Double(clean.count)).rounded())
    let (heldOut, learned) = try clean.split(
      numbers.permutation(clean.count),
      holdingOut: options.heldOut > 0 ? min(max(share, 1), clean.count - 1) : 0, for: Self.name)
    return (learned.sorted().map { order[$0] }, heldOut.map { order[$0] }.sorted())
  }

  /// Returns the results on all images and on the held-out ones.
  private func counts(
    of model: Model, on clean: CleanData, _ heldOut: [Int], in context: RunContext
  ) throws -> (all: CleanCounts, heldOut: CleanCounts?) {
    let found = try Executor([model], options: context.execution)
      .predictions(for: clean.source)[0]
    context.count(run: Double(clean.count), alone: Double(clean.count))
    let part = CleanCounts(
      predictions: heldOut.map { found[$0] }, labels: heldOut.map { clean.labels[$0] })
    return (
      CleanCounts(predictions: found, labels: clean.labels), heldOut.isEmpty ? nil : part
    )
  }

  private func unlearned(
    _ model: Model, on clean: CleanData, _ learned: [Int], in context: RunContext
  ) throws -> Model {
    let batches = try TrainingBatches(
      TrainingSet(Subset(of: clean.source, learned), labels: learned.map { clean.labels[$0] }),
      batchSize: options.batch, seed: context.seed)
    let range = try clean.valueRange()
    let unlearner = try Unlearner(
      model, batchSize: batches.largestBatch, span: range.upperBound - range.lowerBound, options,
      context.execution)
    var numbers = SeededGenerator(seed: context.seed, stream: 0x70_6174_6368)
    var (done, steps, grown, norms) = (0, 0, 0, [Double]())
    try context.phase("unlearning", images: 2 * options.rounds * learned.count) { progress in
      for round in 0..<options.rounds {
        let images = batches.epoch(round)
        var delta = unlearner.noPerturbation
        for batch in images {
          try context.checkCancellation()
          try unlearner.ascend(&delta, batch.values())
          done += batch.count
          progress(done)
        }
        let first = try images[0].values()
        let inner = Unlearner.Images(values: first, labels: try unlearner.classes(of: first))
        for (number, batch) in images.enumerated() {
          try context.checkCancellation()
          let count = Self.patchedCount(of: batch.count, share: options.patched)
          let patched = Array(numbers.permutation(batch.count).prefix(count)).sorted()
          let step = try unlearner.step(
            Unlearner.Images(values: batch.values(), labels: batch.labels), patched: patched,
            delta: delta, inner: inner)
          guard step.isFinite else {
            throw divergence(
              round, step: number, of: images.count, step.loss, step.iteration.norms)
          }
          norms = step.iteration.norms
          steps += 1
          grown += step.iteration.grows ? 1 : 0
          done += batch.count
          progress(done)
        }
      }
    }
    report(norms, grown: grown, of: steps, in: context)
    // A step: two passes with gradients for each further iteration, one before and three after them.
    let passes =
      Double(learned.count * options.rounds) * Double(4 + 3 * (2 * options.iterations + 2))
    context.count(run: passes, alone: passes)
    return unlearner.model
  }

  /// Tells how the iteration went.
  private func report(_ norms: [Double], grown: Int, of steps: Int, in context: RunContext) {
    let series = norms.map { "\(Float($0))" }.joined(separator: ", ")
    let end =
      grown == 0
      ? "the series shrinks in all \(steps) steps"
      : "the series grows in \(grown) of \(steps) steps, where the hypergradient is truncated"
    context.warn("i-bau: |v| is \(series) in the last step's iteration; \(end)")
  }

  private func divergence(
    _ round: Int, step: Int, of steps: Int, _ loss: Double, _ norms: [Double]
  ) -> PluginError {
    PluginError(
      .untrainable,
      "stopped: it diverged in round \(round + 1) of \(options.rounds), step \(step + 1) of "
        + "\(steps), with a loss of \(loss.isNaN ? "NaN" : "\(Float(loss))") and |v| of "
        + "\(Float(norms.last ?? 0)) at a learning rate of \(options.learningRate.optionText)",
      about: .plugin(Self.name),
      remedies: [.lower("learning-rate", of: Self.name), .lower("inner-step", of: Self.name)])
  }
}
