public import DefenseKit

/// Bounds the activations of channels from above, and changes no weight.
///
/// A trigger drives some channels far beyond what clean images do. Each channel of up to three
/// layers gets a bound w, and h becomes min(h, w) = w - relu(w - h): two affine maps and a
/// rectifier, which every format of networks has. The bounds minimize
///
///     mean((bounded logits - original logits)^2) + c * sum over layers of |w|
///
/// over clean images that the suspect classifies correctly. From epoch 10 on, every 10 epochs, c is
/// multiplied by 1.2 if the bounded network keeps `keep` of the suspect's held-out accuracy, else
/// divided by 1.2. The result has the bounds of the epoch with the smallest norm among those that
/// keep it; if none does, the suspect stays as it is. (The authors measure on the images that they
/// learn from and keep the last bounds.)
///
/// The published bounds start at 8 with steps of 0.1, which fits activations of about that size.
/// Here a layer's bounds are in units of its largest clean activation divided by 8, unless `unit`
/// sets 1.
///
/// Source: Wang, Xiang, Miller and Kesidis, "MM-BD: Post-Training Detection of Backdoor Attacks with
/// Arbitrary Backdoor Pattern Types Using a Maximum Margin Statistic", IEEE S&P 2024, section 5.
public struct MMBM: Defense {
  /// "mm-bm".
  public static let name = "mm-bm"
  /// One sentence for listings.
  public static let summary = "Bounds the activations of channels; changes no weight."

  /// Two labelled clean images: one to learn from and one to choose the bounds with.
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

  /// Learns bounds, chooses an epoch's and returns the bounded model.
  ///
  /// - Throws: `PluginError` with code `unsuitableModel` for a model without layers to bound, with
  ///   code `badOption` for an unknown layer, with code `untrainable` for too few images or a loss
  ///   that is not finite; `GraphError` for a model that cannot be differentiated; `DataError`;
  ///   `CancellationError`.
  public func repair(
    _ model: Model, using clean: CleanData?, in context: RunContext
  ) throws -> [Repair] {
    try context.checkCancellation()
    let clean = try required(clean)
    try clean.check(against: model)
    let layers = try layers(of: model)
    let executor = try Executor([model], options: context.execution)
    let found = try executor.predictions(for: clean.source)[0]
    let correct = zip(found, clean.labels).count { $0.isClass($1) }
    context.checkBaseline(correct: correct, images: clean.count, of: model, on: clean)
    context.count(run: Double(clean.count), alone: Double(clean.count))
    let (learned, heldOut) = try images(of: clean, found, seed: context.seed)
    let chosen = try bounds(of: model, layers, on: clean, learned, heldOut, in: context)
    var repaired = model
    if let chosen {
      repaired = try BoundedNetwork(model, layers: layers, bounds: chosen).model
    }
    return [
      Repair(
        model: repaired, defense: Self.name, heldOut: heldOut.sorted(),
        clean: try CleanCounts(of: repaired, on: clean, in: context))
    ]
  }

  /// Returns the positions of the images to learn from and of those to choose with: at most
  /// `perClass` for each class, all classified correctly.
  private func images(
    of clean: CleanData, _ found: [Prediction], seed: UInt64
  ) throws -> (learned: [Int], heldOut: [Int]) {
    var numbers = SeededGenerator(seed: seed, stream: 0x6D6D_626D)
    let order = try clean.contentOrder()
    var taken: [Int32: Int] = [:]
    let places = numbers.permutation(clean.count)
    let chosen = Set(
      places.filter { place in
        let label = clean.labels[order[place]]
        guard found[order[place]].isClass(label), taken[label, default: 0] < options.perClass
        else { return false }
        taken[label, default: 0] += 1
        return true
      })
    guard chosen.count >= 2 else {
      throw PluginError(
        .untrainable,
        "learns from correctly classified images and chooses its bounds on others, but "
          + "\(clean.name) has \(chosen.count)", about: .plugin(Self.name),
        remedies: [.advice("give more"), .advice("check the images' preprocessing")])
    }
    // Groups stay together: the share is of all images, of which the chosen ones count.
    let share = Int((options.heldOut * Double(clean.count)).rounded())
    let first = places.filter(chosen.contains) + places.filter { !chosen.contains($0) }
    var parts: (heldOut: [Int], others: [Int])
    if clean.groups == nil {
      let part = Int((options.heldOut * Double(chosen.count)).rounded())
      let count = min(max(part, 1), chosen.count - 1)
      let all = Array(first.prefix(chosen.count))
      parts = (Array(all.prefix(count)), Array(all.dropFirst(count)))
    } else {
      parts = try clean.split(
        first, holdingOut: min(max(share, 1), clean.count - 1), for: Self.name)
      parts.heldOut = parts.heldOut.filter(chosen.contains)
      parts.others = parts.others.filter(chosen.contains)
    }
    guard !parts.heldOut.isEmpty, !parts.others.isEmpty else {
      throw PluginError(
        .untrainable,
        "found no correctly classified image in one of its two parts of \(clean.name)",
        about: .plugin(Self.name), remedies: [.advice("give images of more groups")])
    }
    return (
      parts.others.sorted().map { order[$0] }, parts.heldOut.sorted().map { order[$0] }
    )
  }

  // MARK: Bounds

  private func bounds(
    of model: Model, _ layers: [String], on clean: CleanData, _ learned: [Int], _ heldOut: [Int],
    in context: RunContext
  ) throws -> [[Float]]? {
    let batches = try TrainingBatches(
      TrainingSet(Subset(of: clean.source, learned), labels: learned.map { clean.labels[$0] }),
      batchSize: options.batch, seed: context.seed)
    let suspect = try Backpropagation(
      model, batchSize: batches.largestBatch, isTraining: false, differentiatesWeights: false,
      options: context.execution)
    var learner = try BoundLearner(
      model, layers: layers, units: try units(of: layers, suspect, batches.epoch(0)),
      batchSize: batches.largestBatch, options, context.execution)
    let images = Subset(of: clean.source, heldOut)
    let labels = heldOut.map { clean.labels[$0] }
    // All of them are classified correctly without bounds.
    let least = Int((options.keep * Double(heldOut.count)).rounded(.up))
    var best: (norm: Double, epoch: Int, correct: Int, bounds: [[Float]])?
    var done = 0
    try context.phase("bounds", images: options.epochs * learned.count) { progress in
      for epoch in 0..<options.epochs {
        for (step, batch) in batches.epoch(epoch).enumerated() {
          try context.checkCancellation()
          let values = try batch.values()
          try suspect.evaluate(values)
          let loss = try learner.step(values, logits: suspect.outputs)
          guard loss.isFinite, learner.norm.isFinite else {
            throw PluginError(
              .untrainable,
              "stopped: the bounds diverged in epoch \(epoch + 1) of \(options.epochs), step "
                + "\(step + 1) of \(batches.stepsPerEpoch), with a loss of "
                + "\(loss.isNaN ? "NaN" : "\(Float(loss))") at a learning rate of "
                + options.learningRate.optionText, about: .plugin(Self.name),
              remedies: [.lower("learning-rate", of: Self.name)])
          }
          done += batch.count
          progress(done)
        }
        // The accuracy is that of the bounds that are kept.
        let bounded = try BoundedNetwork(model, layers: layers, bounds: learner.bounds).model
        let correct = zip(
          try Executor([bounded], options: context.execution).predictions(for: images)[0], labels
        ).count { $0.isClass($1) }
        if correct >= least, learner.norm < best?.norm ?? .infinity {
          best = (learner.norm, epoch, correct, learner.bounds)
        }
        if epoch >= 10, epoch.isMultiple(of: 10) {
          learner.weight *= correct >= least ? 1.2 : 1 / 1.2
        }
      }
    }
    let passes = Double(4 * done + options.epochs * heldOut.count)
    context.count(run: passes, alone: passes)
    report(best.map { ($0.epoch, $0.correct) }, of: heldOut.count, layers, in: context)
    return best?.bounds
  }

  /// Tells the rule and its outcome.
  private func report(
    _ best: (epoch: Int, correct: Int)?, of images: Int, _ layers: [String], in context: RunContext
  ) {
    let rule = "\((100 * options.keep).optionText) % of held-out accuracy"
    guard let best else {
      context.warn(
        "mm-bm bounds nothing and returns the suspect: no epoch keeps \(rule); lower mm-bm.keep or "
          + "mm-bm.weight to bound")
      return
    }
    context.warn(
      "mm-bm bounds \(layers.joined(separator: ", ")) as after epoch \(best.epoch + 1) of "
        + "\(options.epochs), the tightest that keep \(rule) (\(best.correct) of \(images) images "
        + "correct)")
  }

  /// Returns the unit of each layer's bounds.
  private func units(
    of layers: [String], _ suspect: Backpropagation, _ batches: [TrainingBatch]
  ) throws -> [Float] {
    if let unit = options.unit { return layers.map { _ in Float(unit) } }
    var largest = layers.map { _ in Float(0) }
    for batch in batches {
      try suspect.evaluate(batch.values())
      for (layer, name) in layers.enumerated() {
        largest[layer] = suspect.values(of: name).reduce(largest[layer]) { max($0, $1) }
      }
    }
    // A layer of zeros has nothing to bound.
    return largest.map { $0 > 0 && $0.isFinite ? $0 / Float(options.start) : 1 }
  }

  // MARK: Layers

  /// Returns the names of the layers to bound.
  func layers(of model: Model) throws(PluginError) -> [String] {
    let graph = model.graph
    guard let names = options.layers else {
      let found = Self.automaticLayers(of: graph)
      guard found.isEmpty else { return found }
      throw PluginError(
        .unsuitableModel,
        "bounds layers whose values are images, behind an activation, and '\(model.name)' has none",
        about: .plugin(Self.name), remedies: [.advice("name its layers by mm-bm.layers")])
    }
    let known = Set(graph.nodes.indices.filter { $0 > 0 && $0 != graph.output })
    for name in names {
      guard let index = graph.index(of: name), known.contains(index) else {
        throw PluginError(
          option: "layers", of: Self.name,
          "names '\(name)', which is no inner layer of '\(model.name)'")
      }
    }
    guard Set(names).count == names.count else {
      throw PluginError(option: "layers", of: Self.name, "names a layer twice")
    }
    return names
  }

  /// Returns the first activation on all paths whose values are an image, and the last layers of
  /// each further image size, up to three names.
  static func automaticLayers(of graph: Graph) -> [String] {
    var (found, extents): ([String], [[Int]]) = ([], [])
    var hasWeights = false
    for index in graph.cutNodes {
      let node = graph.nodes[index]
      hasWeights = hasWeights || !node.operation.weights.isEmpty
      guard hasWeights, node.shape.count == 3, index != graph.output else { continue }
      if case .trainingOnly = node.operation { continue }
      if found.isEmpty {
        guard node.activation != .linear else { continue }
        found.append(node.name)
        extents.append([])
        continue
      }
      let extent = Array(node.shape[..<2])
      if extent == extents.last {
        found[found.count - 1] = node.name
      } else {
        found.append(node.name)
        extents.append(extent)
      }
    }
    return Array(found.prefix(3))
  }
}
