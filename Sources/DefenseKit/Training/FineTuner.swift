public import InferenceGraph
internal import NetworkTraining
internal import Synchronization

/// Trains a model further on a defense's clean images, part of them held out.
///
/// What fine-tuning and fine-pruning have in common: the split, the checks of the data, the training
/// as a phase of the run, and the account of it.
public struct FineTuner: Sendable {
  /// A tuned model.
  public struct Result: Sendable {
    /// The model.
    public var model: Model
    /// How it was tuned.
    public var summary: TuningSummary
    /// How it classifies all clean images, those that it learned included.
    public var validation: CleanCounts
    /// How the model classified them before.
    public var initial: CleanCounts
  }

  /// How to train.
  public let options: FineTuningOptions
  /// The name of the defense, for messages.
  public let defense: String

  /// Creates a tuner; `options` must have been checked.
  public init(_ options: FineTuningOptions, for defense: String) {
    self.options = options
    self.defense = defense
  }

  /// Returns which images to learn and which to hold out, both ascending, as places in
  /// ``CleanData/contentOrder()``.
  ///
  /// The split depends on the seed and the number of images alone, not on their classes. At least
  /// one image is held out if any share is.
  ///
  /// - Parameters:
  ///   - count: The number of images.
  ///   - seed: The run's seed.
  public func split(_ count: Int, seed: UInt64 = 0) -> (learned: [Int], heldOut: [Int]) {
    var numbers = SeededGenerator(seed: seed, stream: Self.splitStream)
    let order = numbers.permutation(count)
    let share = Int((options.heldOut * Double(count)).rounded())
    let held = options.heldOut > 0 ? min(max(share, 1), count) : 0
    return (order[held...].sorted(), order[..<held].sorted())
  }

  /// A stream of its own, so that what is held out says nothing about the order of learning.
  private static let splitStream: UInt64 = 0x73_706C_6974

  /// Trains a copy of the model.
  ///
  /// Images of a class that the data lacks teach nothing about it; that is a warning. So is a loss that
  /// diverges after epochs that went well: the weights after the last of these are what comes out.
  ///
  /// - Parameters:
  ///   - model: The model, whose masked channels stay zero.
  ///   - earlier: A tuning to go on from, of a model of which fewer channels are masked: its model,
  ///     masked as `model` is, is trained in place of `model`, for a fifth of the epochs, rounded
  ///     up, without decay. nil: the tuning begins with `model`.
  ///   - suspect: The model whose scores are learned beside the labels, where the options say so; nil:
  ///     the one that is tuned, as it is before.
  ///   - clean: All of the defense's clean images.
  ///   - title: What to call it while it goes on, in a word or three.
  ///   - context: How to execute; told progress, warnings and cost.
  /// - Throws: ``PluginError`` with code `untrainable` if there are too few images or the loss
  ///   diverges at once; `GraphError` for a model that cannot be trained; ``DataError`` for an image that
  ///   cannot be read.
  public func tune(
    _ model: Model, after earlier: Result? = nil, suspect: Model? = nil, using clean: CleanData,
    _ title: String = "tuning", in context: RunContext
  ) throws -> Result {
    try clean.check(against: model)
    let (learned, held) = try positions(in: clean, seed: context.seed)
    guard learned.count >= options.batch else {
      let rest = held.isEmpty ? "" : " (\(held.count) more are held out)"
      throw PluginError(
        .untrainable,
        "\(defense): \(clean.name) has \(learned.count) images to learn\(rest), fewer than one batch "
          + "of \(options.batch); give more images or set \(defense).batch to a smaller number")
    }
    // An image that cannot be evaluated is found here, where its number in the file is known.
    let before = try predictions(of: model, on: clean, "clean images", in: context)
    let training = TrainingSet(
      Selection(of: clean.source, learned), labels: learned.map { clean.labels[$0] },
      targets: try targets(of: suspect ?? model, on: clean, learned, in: context))
    // They are looked at after every epoch only where they decide when to stop.
    let watched = options.patience == nil ? [] : held
    let heldOut =
      watched.isEmpty
      ? nil
      : TrainingSet(Selection(of: clean.source, watched), labels: watched.map { clean.labels[$0] })
    warn(ofMissing: training.missingClasses(of: model.classCount), in: clean, context)
    let course = try train(model, after: earlier, training, heldOut, title, in: context)
    // A step costs three forward passes: one forward, one back to the weights, one to the values.
    let passes = Double((3 * learned.count + watched.count) * course.trained)
    context.count(run: passes, alone: passes)
    let after = try predictions(of: course.model, on: clean, "tuned model", in: context)
    func counts(_ verdicts: [Int32], _ indices: [Int]) -> CleanCounts {
      CleanCounts(
        verdicts: indices.map { verdicts[$0] }, labels: indices.map { clean.labels[$0] },
        classCount: model.classCount)
    }
    let all = Array(0..<clean.count)
    return Result(
      model: course.model,
      summary: TuningSummary(
        epochs: course.epochs, images: learned.count,
        before: held.isEmpty ? nil : counts(before, held),
        after: held.isEmpty ? nil : counts(after, held)),
      validation: counts(after, all), initial: counts(before, all))
  }

  /// The positions in the data of the images to learn, in content order, and of those held out,
  /// ascending.
  private func positions(
    in clean: CleanData, seed: UInt64
  ) throws -> (learned: [Int], heldOut: [Int]) {
    let (learned, held) = split(clean.count, seed: seed)
    let order = try clean.contentOrder()
    return (learned.map { order[$0] }, held.map { order[$0] }.sorted())
  }

  private func predictions(
    of model: Model, on clean: CleanData, _ title: String, in context: RunContext
  ) throws -> [Int32] {
    try naming(clean.name) { try model.predictions(for: clean.source, title, in: context) }
  }

  /// What the suspect's scores make of the images' labels; nil where labels alone are learned.
  ///
  /// They are the scores of the images as they are. Scores of the images as augmentation changes them
  /// would teach the backdoor again: on a BadNet of which 64 of 96 channels were pruned, the attack came
  /// back to 98 %, against 5 to 9 % this way.
  private func targets(
    of suspect: Model, on clean: CleanData, _ learned: [Int], in context: RunContext
  ) throws -> [Float]? {
    guard options.distillation > 0 else { return nil }
    let classes = suspect.classCount
    let (share, temperature) = (Float(options.distillation), Float(options.temperature))
    // In the data's order, which is the one to read it in.
    let rows = learned.indices.sorted { learned[$0] < learned[$1] }
    let images = Selection(of: clean.source, rows.map { learned[$0] })
    let targets = Mutex([Float](repeating: 0, count: learned.count * classes))
    try context.phase("suspect's scores", images: learned.count) { progress in
      try Executor([suspect], options: context.execution).run(images, progress: progress) { batch in
        let scores = batch.scores(of: 0, temperature: temperature)
        targets.withLock {
          for (row, position) in batch.indices.enumerated() {
            let image = rows[position]
            // Without a class from the suspect there is the label alone.
            let share = scores[row * classes].isFinite ? share : 0
            for c in 0..<classes where share > 0 {
              $0[image * classes + c] = share * scores[row * classes + c]
            }
            $0[image * classes + Int(clean.labels[learned[image]])] += 1 - share
          }
        }
      }
    }
    context.count(run: Double(learned.count), alone: Double(learned.count))
    return targets.withLock { $0 }
  }

  /// How far a tuning has come.
  private struct Course {
    var model: Model
    /// The epochs of the tuning that it went on from.
    let earlier: Int
    /// The epochs since.
    var trained = 0
    var hasDiverged = false

    var epochs: Int { earlier + trained }
  }

  private func train(
    _ model: Model, after earlier: Result?, _ training: TrainingSet, _ heldOut: TrainingSet?,
    _ title: String, in context: RunContext
  ) throws -> Course {
    let images = training.labels.count
    let parts = options.parts(
      images: images, imageShape: model.graph.inputShape, seed: context.seed,
      goesOn: earlier != nil)
    var course = Course(model: earlier?.model ?? model, earlier: earlier?.summary.epochs ?? 0)
    return try context.phase(title, images: parts.reduce(0) { $0 + $1.epochs } * images) {
      progress in
      for part in parts where !course.hasDiverged {
        let before = course.trained * images
        try train(&course, training, heldOut, part, in: context) { progress(before + $0) }
      }
      return course
    }
  }

  private func train(
    _ course: inout Course, _ training: TrainingSet, _ heldOut: TrainingSet?,
    _ options: TrainingOptions, in context: RunContext, _ progress: @escaping ProgressHandler
  ) throws {
    func add(_ result: TrainingResult) {
      course.model = result.model
      course.trained += result.epochs.count
    }
    do {
      add(
        try course.model.trained(
          on: training, heldOut: heldOut, options: options, execution: context.execution,
          progress: progress))
    } catch let error as TrainingError {
      // The training knows its options by other names.
      let message = "\(defense): \(error.message)"
        .replacing("learningRate", with: "\(defense).learning-rate")
        .replacing("augmentation.shift", with: "\(defense).shift")
      if let last = error.lastGood { add(last) }
      guard course.epochs > 0 else { throw PluginError(.untrainable, message) }
      context.warn("\(message); the weights after epoch \(course.epochs) are kept")
      course.hasDiverged = true
    }
  }

  private func warn(ofMissing classes: [Int], in clean: CleanData, _ context: RunContext) {
    guard let first = classes.first else { return }
    let which = classes.count == 1 ? "class \(first)" : "\(classes.count) classes (first: \(first))"
    context.warn(
      "\(defense): no image to learn of \(which) in \(clean.name); tuning may unlearn what is missing"
    )
  }
}

extension PluginError.Code {
  /// The model cannot be trained on this data with these options.
  public static let untrainable = PluginError.Code(rawValue: "untrainable")
}
