public import DefenseKit
internal import OccluderSearch
private import Synchronization

/// Searches for the smallest trigger toward each class, and looks for a class whose trigger is much
/// smaller than the others'.
///
/// For each class t, Adam minimizes over a mask m, `[height][width]` in 0...1, and a pattern p,
///
///     mean over images x of CE(f((1 - m) x + m p), t) + cost * sum of m,
///
/// with the cost of `CostSchedule`. The images are those that the network does not give class t.
/// L_t is the size, the sum of the mask in pixels, of the smallest mask after a step that leads
/// `success` of these images to t; all pixels if none does. A class's score is the anomaly index of classes
/// with small masks,
///
///     max(0, median(L) - L_t) / (1.4826 median |L - median(L)|),
///
/// with 1 pixel for a deviation of 0. Classes with an index over `threshold` are held to be targets;
/// the largest is the model's statistic. Three classes at least: of two, both deviate equally.
///
/// Labels are not used. Of more than `classes` classes, those are searched that the occluders of
/// `OccluderSearch`'s census lead to most often; the others score 0 and have no part in the median.
///
/// Source: Wang, Yao, Shan, Li, Viswanath, Zheng and Zhao, "Neural Cleanse: Identifying and
/// Mitigating Backdoor Attacks in Neural Networks", S&P 2019, sections IV and V.
public struct NeuralCleanse: ModelScanner {
  /// "neural-cleanse".
  public static let name = "neural-cleanse"
  /// One sentence for listings.
  public static let summary =
    "Finds a class that a much smaller mask with a pattern leads to than to the others."

  /// Three classes, because the deviations of two are equal; as many images as a batch.
  public static let requirements: [PluginRequirement] = [.classes(3), .cleanData, .images(32)]

  /// None: a search takes minutes unless the network is small.
  public static let largestUnnamedClassCount: Int? = 0

  /// The fewest images of other classes that a search takes.
  static let fewestImages = 16

  /// The options of this scanner.
  public let options: Options

  /// Creates the scanner with all defaults.
  public init() { options = Options() }

  /// Creates the scanner.
  ///
  /// - Throws: `PluginError` if an option is out of range.
  public init(options: Options) throws(PluginError) {
    try Self.check(options)
    self.options = options
  }

  /// Searches for triggers and compares their sizes.
  ///
  /// - Throws: `PluginError` with code `unsuitableModel` where no verdict is possible: for too few
  ///   classes or images, images of which most get one class, values outside of 0...255, or scores
  ///   that are not finite; the errors of computing gradients; `DataError`; `CancellationError`.
  public func scan(
    _ model: Model, using clean: CleanData?, in context: RunContext
  ) throws -> ModelVerdict {
    try context.checkCancellation()
    let clean = try required(clean)
    try clean.check(against: model)
    guard model.classCount >= 3 else {
      throw PluginError(
        .unsuitableModel,
        "has no verdict, as it compares each class with the median, which takes at least 3 classes, "
          + "and \(model.name) has \(model.classCount)", about: .plugin(Self.name))
    }
    guard clean.count >= 32 else {
      throw PluginError(
        .unsuitableModel,
        "has no verdict, as it needs 32 clean images at least, and \(clean.name) has "
          + "\(clean.count); give more", about: .plugin(Self.name))
    }
    let positions = try CleanPool.positions(in: clean, seed: context.seed)
    let (pool, scaled) = try CleanPool.pool(
      of: clean, positions, for: model, plugin: Self.name)
    let search = try TriggerSearch(pool, of: scaled, sizes: .init(), in: context)
    let predictions = search.margins.predictions
    context.checkBaseline(
      correct: zip(predictions, positions).count { $0 == Int(clean.labels[$1]) },
      images: positions.count, of: model, on: clean)
    let images = (0..<model.classCount).map { c in
      pool.indices(of: predictions) { $0 != c }
    }
    let targets = try classes(search, images, in: context)
    guard targets.count >= 3 else {
      throw PluginError(
        .unsuitableModel,
        "has no verdict, as it needs \(Self.fewestImages) images of other classes for each of at "
          + "least 3 classes, and the network gives almost all of the \(pool.count) images the same "
          + "class; give images of more classes", about: .plugin(Self.name))
    }
    let found = try found(scaled, pool, targets.map { ($0, images[$0]) }, in: context)
    return try verdict(on: model, targets, found, in: context)
  }

  /// Returns the classes to search, ascending.
  private func classes(
    _ search: TriggerSearch, _ images: [[Int]], in context: RunContext
  ) throws -> [Int] {
    let able = images.indices.filter { images[$0].count >= Self.fewestImages }
    guard able.count > options.classes else { return able }
    let census = try context.phase("census", images: search.sizes.census) {
      try search.census(progress: $0)
    }
    let allowed = Set(able)
    return search.shortlist(census, count: .max).filter(allowed.contains).prefix(options.classes)
      .sorted()
  }

  /// Searches for a trigger toward each class; threads search for different classes.
  private func found(
    _ model: Model, _ pool: CleanPool, _ tasks: [(target: Int, images: [Int])],
    in context: RunContext
  ) throws -> [TriggerInversion.Found] {
    let pixels = Double(pool.size / pool.shape[2])
    let results = Mutex(
      Array(repeating: TriggerInversion.Found(trigger: nil, size: pixels), count: tasks.count))
    let totals = tasks.map { task in
      options.steps * (options.batches * options.batch + task.images.count)
    }
    var inner = context.execution
    inner.threads = max(1, context.execution.threads / tasks.count)
    let execution = inner
    let done = Mutex((images: 0, passes: 0))
    try context.phase("triggers", images: totals.reduce(0, +)) { progress in
      try runInParallel(
        pieces: tasks.count, options: context.execution,
        memory: (options.batch * 4 + 8) * pool.size * MemoryLayout<Float>.size,
        prepare: { Backpropagation?.none }
      ) { backpropagation, piece in
        let network =
          try backpropagation
          ?? Backpropagation(
            model, batchSize: options.batch, isTraining: false, differentiatesWeights: false,
            differentiatesInput: true, options: execution)
        backpropagation = network
        var own = 0
        let result = try found(pool, tasks[piece], with: network, in: context) { images, passes in
          own += images
          done.withLock {
            $0.images += images
            $0.passes += passes * images
            progress($0.images)
          }
        }
        results.withLock { $0[piece] = result }
        guard own < totals[piece] else { return }
        done.withLock {
          $0.images += totals[piece] - own
          progress($0.images)
        }
      }
    }
    let passes = Double(done.withLock { $0.passes })
    context.count(run: passes, alone: passes)
    return results.withLock { $0 }
  }

  /// Searches for a trigger toward one class.
  private func found(
    _ pool: CleanPool, _ task: (target: Int, images: [Int]), with network: Backpropagation,
    in context: RunContext, report: (_ images: Int, _ passes: Int) -> Void
  ) throws -> TriggerInversion.Found {
    var result = TriggerInversion.Found(
      trigger: nil, size: Double(pool.size / pool.shape[2]))
    var inversion = TriggerInversion(
      pool, toward: task.target, rate: options.learningRate, seed: context.seed)
    var schedule = CostSchedule(
      initial: options.cost, factor: options.factor, patience: options.patience,
      needed: options.success)
    var deck = ImageDeck(task.images, seed: context.seed)
    for _ in 0..<options.steps where !schedule.isFinished {
      for _ in 0..<options.batches {
        try context.checkCancellation()
        let batch = deck.next(options.batch)
        guard try inversion.descend(batch, cost: schedule.cost, with: network) else {
          throw PluginError(
            .unsuitableModel,
            "has no verdict, as the derivatives of triggered images' scores toward class "
              + "\(task.target) are not finite", about: .plugin(Self.name))
        }
        // Forward, and backward to the input.
        report(options.batch, 2)
      }
      let trigger = inversion.bounded.trigger
      let size = trigger.mask.reduce(0.0) { $0 + Double($1) }
      let success = try inversion.success(on: task.images, with: network)
      report(task.images.count, 1)
      if schedule.record(success: success, size: size) {
        result = .init(trigger: trigger, size: size)
      }
    }
    return result
  }

  func verdict(
    on model: Model, _ classes: [Int], _ found: [TriggerInversion.Found], in context: RunContext
  ) throws -> ModelVerdict {
    let sizes = found.map(\.size)
    let indices = AnomalyIndex.indices(of: sizes)
    var scores = Array(repeating: 0.0, count: model.classCount)
    for (c, index) in zip(classes, indices) { scores[c] = max(0, index) }
    let order = classes.indices.sorted { (indices[$1], $0) < (indices[$0], $1) }
    let targets = order.filter { indices[$0] > options.threshold }
    var notes: [String] = []
    if classes.count < model.classCount {
      notes.append(
        "triggers were searched for \(classes.count) of \(model.classCount) classes, those that the "
          + "most random occluders led to; the others score 0, and the median is over the classes "
          + "searched")
    }
    let failures = found.count { $0.trigger == nil }
    if failures > 0 {
      notes.append(
        "no trigger was found for \(failures) of \(classes.count) classes; their masks count as the "
          + "whole image")
    }
    let smallest = order.prefix(max(3, targets.count)).map {
      "class \(classes[$0]): \(Self.rounded(sizes[$0]))"
    }
    notes.append(
      "smallest masks in pixels: \(smallest.joined(separator: ", ")); median "
        + "\(Self.rounded(AnomalyIndex.median(of: sizes))) of "
        + "\(model.graph.inputShape[0] * model.graph.inputShape[1])")
    let triggers = try targets.compactMap { place in
      try found[place].trigger.map {
        try Trigger(
          $0, range: 0...255, target: classes[place], classCount: model.classCount,
          scanner: Self.name, seed: context.seed)
      }
    }
    return ModelVerdict(
      statistic: scores.max() ?? 0, threshold: options.threshold, classScores: scores,
      measure: "by how many deviations its smallest mask is under the median",
      targets: targets.map { classes[$0] }, triggers: triggers, notes: notes)
  }

  private static func rounded(_ value: Double) -> Double { (value * 10).rounded() / 10 }
}
