public import InferenceGraph
internal import NetworkTraining
internal import Synchronization

/// Fine-tunes a model on a defense's clean images, some of which are held out.
///
/// It is shared by all defenses that fine-tune: it splits and checks the data, trains as a phase of
/// the run, and summarizes the result.
public struct FineTuner: Sendable {
  /// A fine-tuned model with its results on the clean images.
  public struct Result: Sendable {
    /// The fine-tuned model.
    public var model: Model
    /// The epochs, and the results on the held-out images.
    public var summary: TuningSummary
    /// The positions of the held-out images in the data set, ascending.
    public var heldOut: [Int]
    /// The tuned model's results on all clean images, including those it was trained on.
    public var clean: CleanCounts
    /// The results of the model before fine-tuning on the same images.
    public var initial: CleanCounts
  }

  /// The training options.
  public let options: FineTuningOptions
  /// The name of the defense, for messages and option names.
  public let defense: String

  /// Creates a tuner; call ``FineTuningOptions/check(for:leastEpochs:)`` on `options` first.
  public init(_ options: FineTuningOptions, for defense: String) {
    self.options = options
    self.defense = defense
  }

  /// Returns the images to train on and those to hold out, both as ascending positions in
  /// ``CleanData/contentOrder()``.
  ///
  /// The split depends only on the seed and the number of images, not on their classes. If
  /// ``FineTuningOptions/heldOut`` is over 0, at least one image is held out. Images with
  /// ``CleanData/groups`` are split by these instead, as ``CleanData/split(_:holdingOut:for:)``
  /// says.
  ///
  /// - Parameters:
  ///   - count: The number of images.
  ///   - seed: The run's seed.
  public func split(_ count: Int, seed: UInt64 = 0) -> (training: [Int], heldOut: [Int]) {
    let places = drawn(count, seed)
    let heldOutImages = heldOutCount(of: count)
    return (places[heldOutImages...].sorted(), places[..<heldOutImages].sorted())
  }

  /// Returns the positions in ``CleanData/contentOrder()`` in random order.
  private func drawn(_ count: Int, _ seed: UInt64) -> [Int] {
    var numbers = SeededGenerator(seed: seed, stream: Self.splitStream)
    return numbers.permutation(count)
  }

  private func heldOutCount(of count: Int) -> Int {
    let share = Int((options.heldOut * Double(count)).rounded())
    return options.heldOut > 0 ? min(max(share, 1), count) : 0
  }

  /// A separate stream, so that the split is independent of the order of training.
  private static let splitStream: UInt64 = 0x73_706C_6974

  /// Fine-tunes a copy of the model.
  ///
  /// Two events are warnings only: a class without images, about which the model learns nothing,
  /// and a loss that diverges after at least one good epoch. In that case the weights after the
  /// last good epoch are returned.
  ///
  /// - Parameters:
  ///   - model: The model, whose masked channels stay zero.
  ///   - earlier: An earlier fine-tuning to continue, whose model the caller has masked like
  ///     `model`. It is trained instead of `model`, for a fifth of the epochs, rounded up, without
  ///     weight decay. nil: training starts from `model`.
  ///   - suspect: The teacher for distillation, if the options request it; nil: `model` itself,
  ///     before fine-tuning.
  ///   - clean: All of the defense's clean images.
  ///   - title: The name of the phase, one to three words.
  ///   - context: The execution options, and the receiver of progress, warnings and costs.
  /// - Throws: ``PluginError`` with code `untrainable` if there are too few images or the loss
  ///   diverges before any epoch completes, with code `tooFewGroups` if the images are of one group
  ///   and some are to be held out; `GraphError` for a model that cannot be trained;
  ///   ``DataError`` for an image that cannot be read.
  public func tune(
    _ model: Model, after earlier: Result? = nil, suspect: Model? = nil, using clean: CleanData,
    _ title: String = "tuning", in context: RunContext
  ) throws -> Result {
    try clean.check(against: model)
    let (trainingImages, heldOutImages) = try positions(in: clean, seed: context.seed)
    guard trainingImages.count >= options.batch else {
      let rest = heldOutImages.isEmpty ? "" : " (\(heldOutImages.count) more are held out)"
      throw PluginError(
        .untrainable,
        "needs a batch of \(options.batch) images, but \(clean.name) has \(trainingImages.count) to train "
          + "on\(rest)", about: .plugin(defense),
        remedies: [.advice("give more images"), .lower("batch", of: defense)])
    }
    // This pass finds images that cannot be evaluated, while their numbers in the file are known.
    let before = try predictions(of: model, on: clean, "clean images", in: context)
    let training = TrainingSet(
      Subset(of: clean.source, trainingImages), labels: trainingImages.map { clean.labels[$0] },
      targets: try targets(of: suspect ?? model, on: clean, trainingImages, in: context))
    // Held-out images are evaluated after every epoch only if they decide when to stop.
    let watched = options.patience == nil ? [] : heldOutImages
    let heldOut =
      watched.isEmpty
      ? nil
      : TrainingSet(Subset(of: clean.source, watched), labels: watched.map { clean.labels[$0] })
    warn(ofMissing: training.missingClasses(of: model.classCount), in: clean, context)
    let course = try train(model, after: earlier, training, heldOut, title, in: context)
    // A training step costs three forward passes: one forward, one back to the weights, one back to
    // the values.
    let passes = Double((3 * trainingImages.count + watched.count) * course.trained)
    context.count(run: passes, alone: passes)
    let after = try predictions(of: course.model, on: clean, "tuned model", in: context)
    func counts(_ predictions: [Prediction], _ indices: [Int]) -> CleanCounts {
      CleanCounts(
        predictions: indices.map { predictions[$0] }, labels: indices.map { clean.labels[$0] })
    }
    let all = Array(0..<clean.count)
    return Result(
      model: course.model,
      summary: TuningSummary(
        epochs: course.epochs, images: trainingImages.count,
        before: heldOutImages.isEmpty ? nil : counts(before, heldOutImages),
        after: heldOutImages.isEmpty ? nil : counts(after, heldOutImages)),
      heldOut: heldOutImages,
      clean: counts(after, all), initial: counts(before, all))
  }

  /// The positions in the data set of the training images, in content order, and of the held-out
  /// images, ascending.
  private func positions(
    in clean: CleanData, seed: UInt64
  ) throws -> (training: [Int], heldOut: [Int]) {
    let (heldOut, training) = try clean.split(
      drawn(clean.count, seed), holdingOut: heldOutCount(of: clean.count), for: defense)
    let order = try clean.contentOrder()
    return (training.sorted().map { order[$0] }, heldOut.map { order[$0] }.sorted())
  }

  private func predictions(
    of model: Model, on clean: CleanData, _ title: String, in context: RunContext
  ) throws -> [Prediction] {
    try naming(clean.name) { try model.predictions(for: clean.source, title, in: context) }
  }

  /// Returns the soft targets, images x classes, in the order of `trainingImages`; nil without
  /// distillation.
  ///
  /// The teacher sees the images without augmentation: its scores of augmented images would teach
  /// the backdoor again.
  private func targets(
    of suspect: Model, on clean: CleanData, _ trainingImages: [Int], in context: RunContext
  ) throws -> [Float]? {
    guard options.distillation > 0 else { return nil }
    let classes = suspect.classCount
    let (share, temperature) = (Float(options.distillation), Float(options.temperature))
    // Reads the images in the order of the data set.
    let rows = trainingImages.indices.sorted { trainingImages[$0] < trainingImages[$1] }
    let images = Subset(of: clean.source, rows.map { trainingImages[$0] })
    let targets = Mutex([Float](repeating: 0, count: trainingImages.count * classes))
    try context.phase("suspect's scores", images: trainingImages.count) { progress in
      try Executor([suspect], options: context.execution).run(images, progress: progress) { batch in
        let scores = batch.scores(of: 0, temperature: temperature)
        targets.withLock {
          for (row, position) in batch.indices.enumerated() {
            let image = rows[position]
            // If the suspect's scores are undefined, the target is the label alone.
            let share = scores[row * classes].isFinite ? share : 0
            for c in 0..<classes where share > 0 {
              $0[image * classes + c] = share * scores[row * classes + c]
            }
            $0[image * classes + Int(clean.labels[trainingImages[image]])] += 1 - share
          }
        }
      }
    }
    context.count(run: Double(trainingImages.count), alone: Double(trainingImages.count))
    return targets.withLock { $0 }
  }

  /// The state of a fine-tuning run.
  private struct Course {
    var model: Model
    /// The epochs of the earlier fine-tuning that this one continues.
    let earlier: Int
    /// The epochs since then.
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
      wasTuned: earlier != nil)
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
    } catch let error as MemoryError {
      // The initializer adds the last remedy.
      throw MemoryError(
        bytes: error.bytes, for: error.purpose, about: error.subject,
        remedies: error.remedies.dropLast().map { FineTuningOptions.remedy($0, of: defense) })
    } catch let error as TrainingError {
      if let last = error.lastGood { add(last) }
      let failure = PluginError(error, of: defense)
      guard course.epochs > 0 else { throw failure }
      context.warn(
        PluginError(
          failure.code,
          "\(failure.problem); the weights after epoch \(course.epochs) are kept",
          about: failure.subject, remedies: failure.remedies))
      course.hasDiverged = true
    }
  }

  private func warn(ofMissing classes: [Int], in clean: CleanData, _ context: RunContext) {
    guard let first = classes.first else { return }
    let which = classes.count == 1 ? "class \(first)" : "\(classes.count) classes (first: \(first))"
    context.warn(
      "\(defense): \(clean.name) has no training image of \(which); fine-tuning may unlearn what "
        + "is missing"
    )
  }
}

extension PluginError {
  /// Creates the error for a failed training by a plugin with ``FineTuningOptions``: an option of
  /// the training becomes the plugin's option that sets it.
  init(_ error: TrainingError, of plugin: String) {
    let subject: ErrorSubject =
      switch error.subject {
      case .option(let name, nil): FineTuningOptions.subject(name, of: plugin)
      case .some(let other): other
      case nil: .plugin(plugin)
      }
    let remedies = error.remedies.map { FineTuningOptions.remedy($0, of: plugin) }
    let start = error.subject == nil ? "stopped training: " : ""
    self.init(.untrainable, start + error.problem, about: subject, remedies: remedies)
  }
}

extension FineTuningOptions {
  /// Returns a remedy that lowers an option of the training as one that lowers the plugin's option;
  /// any other remedy as it is.
  fileprivate static func remedy(_ remedy: Remedy, of plugin: String) -> Remedy {
    guard case .lower(let name, nil) = remedy, name != "threads",
      case .option(let option, let owner) = subject(name, of: plugin)
    else { return remedy }
    return .lower(option, of: owner)
  }

  /// Returns the plugin's option that sets a property of `TrainingOptions`.
  fileprivate static func subject(_ property: String, of plugin: String) -> ErrorSubject {
    switch property {
    case "batchSize": .option("batch", of: plugin)
    case "learningRate": .option("learning-rate", of: plugin)
    case "weightDecay": .option("decay", of: plugin)
    case "labelSmoothing": .option("smoothing", of: plugin)
    case "augmentation.shift": .option("shift", of: plugin)
    case "augmentation.overlay": .option("overlay", of: plugin)
    default: .option(property, of: plugin)
    }
  }
}

extension PluginError.Code {
  /// The model cannot be trained on this data with these options.
  public static let untrainable = PluginError.Code(rawValue: "untrainable")
}
