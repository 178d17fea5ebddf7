public import DefenseKit
internal import OccluderSearch

/// Finds the suspect's triggers and trains it to ignore them.
///
/// A *student* starts as a copy of the suspect, the *teacher*. Each round
///
/// 1. searches for triggers of the target classes, in the first round on the suspect, then on the
///    student. The verdict named by `verdict` says which classes are targets; with occluder-search
///    the triggers are evolved at three prices of their size, for targets of earlier rounds too.
///    A class that it names on the student alone is a target only if the fittest trigger, on the
///    suspect, leads the suspect's other classes by twice the threshold. The rounds end when there
///    is no such class and no trigger of an earlier target is fit.
/// 2. trains on clean images and on clean images with variations of all triggers found so far: one
///    that is no longer trained against comes back. The loss is
///
///        |e - e'|^2 / |e'|^2 + 0.4 KL(q' || q)                           (clean images)
///        + 0.5 max(0, (z_c - max(z_j for j other than c)) / u + margin)  (triggered images)
///        + 0.02 |e - e'|^2 / |e'|^2                                      (triggered images)
///
///    with representations e, scores q and logits z of the student, e' and q' those of the teacher
///    for the image without trigger, c the trigger's class, and u the mean margin of the teacher's
///    clean predictions. The hinge asks only that the trigger leads no longer to its class; what
///    the image shows below an occluder cannot be asked for. The classifier head stays as it is,
///    so that classes without images keep their weights.
/// 3. measures agreement with the suspect on held-out clean images. A round that costs more than
///    `drop` is tried again at half the margin, then at a quarter. One that fails or diverges ends
///    the defense; the last good round is kept.
///
/// Labels are used only if `labels` is over 0. Triggers that the verdict does not find are not
/// unlearned.
///
/// The method is DefenseKit's own; Documentation/Algorithms.md relates it to published ones.
public struct TriggerUnlearning: Defense {
  /// "trigger-unlearning".
  public static let name = "trigger-unlearning"
  /// One sentence for listings.
  public static let summary =
    "Finds triggers on clean images and trains the model to ignore them; needs no labels."

  /// As many clean images as `OccluderSearch` needs, and one to hold out.
  public static let requirements: [PluginRequirement] = [.classes(2), .cleanData, .images(9)]

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

  /// Searches, unlearns and returns the student after the last good round; the suspect if nothing
  /// was found.
  ///
  /// - Throws: `PluginError` with code `badOption` for an unknown verdict or a trigger of another
  ///   shape or other classes, with code `untrainable` if the first round fails, and the errors of
  ///   the verdict; `FileError` for a trigger file that cannot be read; `GraphError` for a model
  ///   that cannot be trained; `DataError`; `CancellationError`.
  public func repair(
    _ model: Model, using clean: CleanData?, in context: RunContext
  ) throws -> [Repair] {
    try context.checkCancellation()
    let clean = try required(clean)
    try clean.check(against: model)
    let given = try givenTriggers(for: model, in: context)
    guard options.labels == 0 || clean.isLabelled else {
      throw PluginError(
        option: "labels", of: Self.name, "is over 0, but the clean images have no labels",
        remedies: [.give("labelled ones", for: "clean"), .omit("labels", of: Self.name)])
    }
    let (learned, heldOut) = try split(clean, seed: context.seed)
    var hunt = try TriggerHunt(options, of: model, clean, learned, in: context)
    let (pool, scaled) = try CleanPool.pool(of: clean, learned, for: model, plugin: Self.name)
    let agreement = try Agreement(of: model, on: clean, heldOut, in: context)
    var known = KnownTriggers(shape: model.graph.inputShape)
    var (student, rounds) = (model, 0)
    var batches: Student?
    for round in 0..<options.rounds {
      var found = try hunt.entries(for: student, round: round, known: known, in: context)
      if round == 0 { found.entries += given }
      guard !found.entries.isEmpty else {
        context.warn(
          round == 0
            ? "\(Self.name) found no trigger, and the repair is the suspect"
            : "\(Self.name): nothing is left to unlearn after round \(round)")
        break
      }
      known.add(found.entries)
      let trainer = try batches ?? trainer(of: scaled, pool, clean, learned, in: context)
      batches = trainer
      var failure: String?
      for attempt in 0..<Self.attempts {
        let margin = options.margin / Double(1 << attempt)
        do {
          let trained = try trained(
            student, scaled, by: trainer, on: known, round: round, margin: margin, in: context)
          let kept = try agreement.share(of: trained, in: context)
          failure =
            kept >= 1 - options.drop / 100
            ? nil
            : "costs \(percent(1 - kept)) of the agreement with the suspect on held-out images, more "
              + "than \(Self.name).drop"
          guard failure == nil else { continue }
          (student, rounds) = (trained, round + 1)
          context.warn(
            "\(Self.name), round \(round + 1): \(found.summary); unlearned at a margin of "
              + "\(margin.optionText), the student agrees with the suspect on \(percent(kept)) of "
              + "\(heldOut.count) held-out images")
        } catch let divergence as Student.Divergence {
          failure = "diverged at step \(divergence.step + 1) of \(options.steps)"
        }
        break
      }
      if let failure {
        try stop(failure, round: round, in: context)
        break
      }
    }
    return [
      Repair(
        model: student, defense: Self.name, heldOut: heldOut.sorted(),
        clean: clean.isLabelled ? try CleanCounts(of: student, on: clean, in: context) : nil,
        tuning: rounds == 0 ? nil : TuningSummary(epochs: rounds, images: learned.count))
    ]
  }

  /// How often a round that costs too much agreement is tried, each time at half the margin.
  private static let attempts = 3

  private func trained(
    _ student: Model, _ scaled: Model, by trainer: Student, on known: KnownTriggers, round: Int,
    margin: Double, in context: RunContext
  ) throws -> Model {
    try context.phase(
      "unlearning \(round + 1)", images: options.steps * (options.batch + options.triggered)
    ) { progress in
      // Images of 0...1 are learned as 0...255, with the input scale of `scaled`.
      var start = student
      start.preprocessing = scaled.preprocessing
      var result = try trainer.trained(
        start, on: known, round: round, margin: margin, in: context, progress: progress)
      result.preprocessing = student.preprocessing
      return result
    }
  }

  /// Warns that a round failed; throws if it was the first.
  private func stop(_ reason: String, round: Int, in context: RunContext) throws(PluginError) {
    let error = PluginError(
      .untrainable,
      "round \(round + 1) \(reason)"
        + (round > 0 ? "; the model after round \(round) is kept" : ""),
      about: .plugin(Self.name), remedies: [.lower("learning-rate", of: Self.name)])
    guard round > 0 else { throw error }
    context.warn(error)
  }

  private func percent(_ share: Double) -> String {
    "\((1000 * share).rounded() / 10) %"
  }

  private func trainer(
    of model: Model, _ pool: CleanPool, _ clean: CleanData, _ learned: [Int],
    in context: RunContext
  ) throws -> Student {
    let margins = try Margins(model, on: pool, in: context)
    let extent = min(pool.shape[0], pool.shape[1])
    let batches = UnlearningBatches(
      pool: pool, predictions: margins.predictions, labels: learned.map { clean.labels[$0] },
      options: options, shift: options.shift ?? (extent + 12) / 25)
    return Student(
      options: options, teacher: try Teacher(model, in: context), unit: margins.unit,
      batches: batches)
  }

  /// Reads the trigger files that the options name.
  private func givenTriggers(
    for model: Model, in context: RunContext
  ) throws -> [KnownTriggers.Entry] {
    try (options.triggers ?? []).map { path in
      let trigger = try Trigger.load(path, sandbox: context.sandbox)
      guard trigger.imageShape == model.graph.inputShape,
        trigger.goal.classCount == model.classCount, trigger.goal.mode == .allToOne
      else {
        throw PluginError(
          option: "triggers", of: Self.name,
          "names \(path), which is for images of shape \(trigger.imageShape) and "
            + "\(trigger.goal.classCount) classes, all to one; this model has \(model.graph.inputShape) "
            + "and \(model.classCount)")
      }
      return KnownTriggers.Entry(target: trigger.goal.target, change: .fixed(trigger.change))
    }
  }

  /// Returns the positions of the images to learn from, at most as many as fit 2^27 numbers, and of
  /// those held out, which are whole groups.
  func split(
    _ clean: CleanData, seed: UInt64
  ) throws -> (learned: [Int], heldOut: [Int]) {
    var numbers = SeededGenerator(seed: seed, stream: 0x74_7269_67)
    let order = try clean.contentOrder()
    let places = numbers.permutation(clean.count)
    let share = Int((options.heldOut * Double(clean.count)).rounded())
    let held = min(max(share, 1), clean.count - 1)
    let largest = max(8, (1 << 27) / max(1, clean.source.imageShape.reduce(1, *)))
    let (heldOut, others) = try clean.split(places, holdingOut: held, for: Self.name)
    return (others.prefix(largest).map { order[$0] }, heldOut.map { order[$0] })
  }
}

/// The suspect's classes of held-out clean images.
private struct Agreement {
  private let images: Subset
  private let predictions: [Prediction]

  init(
    of model: Model, on clean: CleanData, _ positions: [Int], in context: RunContext
  ) throws {
    images = Subset(of: clean.source, positions)
    predictions = try Self.predictions(of: model, images, in: context)
  }

  /// Returns the share of images that a model gives the suspect's class.
  func share(of model: Model, in context: RunContext) throws -> Double {
    let own = try Self.predictions(of: model, images, in: context)
    return Double(zip(own, predictions).count { $0 == $1 }) / Double(max(1, own.count))
  }

  private static func predictions(
    of model: Model, _ images: Subset, in context: RunContext
  ) throws -> [Prediction] {
    context.count(run: Double(images.count), alone: Double(images.count))
    return try Executor([model], options: context.execution).predictions(for: images)[0]
  }
}
