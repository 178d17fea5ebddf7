public import DefenseKit

/// Prunes the channels that are dormant on clean images, then fine-tunes the network on them.
///
/// A backdoor lives largely in channels that clean inputs hardly activate. The defense ranks the
/// channels of one layer by their mean activation over clean images,
///
///     a_c = 1 / (n * h * w) * sum over images i and positions p of y[i][p][c],
///
/// and prunes them one after another, smallest a_c first, ties by index. For each allowed drop d,
/// it takes the first network whose accuracy on the clean images is at least d percentage points
/// under the unpruned network's, including the channel that crosses the line. One sweep serves all
/// drops. The defense reads clean images only.
///
/// Each of these networks is then trained further on the clean images, which restores its accuracy
/// and changes the channels that clean images and trigger share; the pruned channels stay zero. The
/// network of the smallest drop is trained for all epochs. That of each larger drop continues from
/// the previous one, pruned further, for a fifth of the epochs, unless `recovery` is 0. The ranking
/// and the drops use all clean images; the training holds out a part of them. With 0 epochs
/// the networks are only pruned, and reported as such.
///
/// Source: Liu, Dolan-Gavitt and Garg, "Fine-Pruning: Defending Against Backdooring Attacks on
/// Deep Neural Networks", RAID 2018, sections 3.2 and 3.3.
public struct FinePruning: Defense {
  /// "fine-pruning".
  public static let name = "fine-pruning"
  /// One sentence for listings.
  public static let summary =
    "Prunes the channels that clean images activate least, then fine-tunes."

  /// The options of this defense.
  public let options: Options

  /// Creates the defense with all defaults.
  public init() { options = Options() }

  /// Creates the defense.
  ///
  /// - Throws: `PluginError` if `drops` is empty, has duplicates or numbers outside 1e-6...100, or
  ///   another option is out of range.
  public init(options: Options) throws(PluginError) {
    try Self.check(options)
    self.options = options
  }

  /// Sweeps over the layer's channels once and tunes the first model at or past each drop.
  ///
  /// Only finite means can be ranked: an image on which the layer, or one before it, computes
  /// values that are not finite stops the defense.
  ///
  /// - Throws: `PluginError` if the model has no such layer; `SampleError` for an image that cannot
  ///   be ranked by; other errors of the execution; the errors of
  ///   `FineTuner.tune(_:suspect:using:_:in:)`.
  public func repair(
    _ model: Model, using clean: CleanData?, in context: RunContext
  ) throws -> [Repair] {
    let clean = try required(clean)
    let layer = try layer(of: model)
    let sweep = try ChannelSweep(
      model: model, layer: layer, zeroingBias: options.bias,
      measuringLayer: options.ranking == .convolution, options: context.execution)
    let recording = try context.phase("recording activations", images: clean.count) {
      try sweep.record(clean.source, progress: $0)
    }
    let order = Self.order(
      options.ranking == .pool ? recording.frontierMeans : recording.layerMeans)
    let labels = try context.phase("sweep", images: clean.count) {
      try recording.labels(masking: order, progress: $0)
    }
    context.count(sweep, steps: order.count, images: clean.count)

    let counts = labels.map {
      CleanCounts(predictions: $0.lazy.map(Prediction.init(label:)), labels: clean.labels)
    }
    context.checkBaseline(
      correct: counts[0].correct, images: clean.count, of: model, on: clean)
    if let most = counts.map(\.nonfinite).max(), most > 0 {
      context.warn(
        "fine-pruning: no class for \(counts[0].nonfinite) of \(clean.count) images of "
          + "\(clean.name) before pruning, and for at most \(most) in any step: the model computed "
          + "NaN or infinite values; these images count as wrong")
    }
    let curve = PruningCurve(
      layer: layer, order: order, prunesBias: options.bias, correct: counts.map(\.correct),
      nonfinite: counts.map(\.nonfinite), images: clean.count)
    return try repairs(of: model, curve, using: clean, in: context)
  }

  /// Returns the model at each requested drop, fine-tuned unless `epochs` is 0.
  private func repairs(
    of model: Model, _ curve: PruningCurve, using clean: CleanData, in context: RunContext
  ) throws -> [Repair] {
    func masked(_ graph: Graph, _ count: Int) throws -> Graph {
      try graph.masking(
        Array(curve.order[..<count]), of: curve.layer, zeroingBias: options.bias)
    }
    let points = points(of: curve, in: context)
    var repairs = try points.map { drop, count in
      let channels = Array(curve.order[..<count])
      var repair = Repair(
        model: model, defense: Self.name, drop: drop,
        pruned: [PrunedChannels(layer: curve.layer, channels: channels, of: curve.order.count)],
        clean: curve.counts(after: count), curve: curve)
      repair.model.graph = try masked(model.graph, count)
      return repair
    }
    guard options.tuning.epochs != 0 else {
      for index in repairs.indices { repairs[index].note = "pruned only" }
      return repairs
    }
    let tuner = FineTuner(options.tuning, for: Self.name)
    let continuesTuning = options.tuning.recovery > 0
    // Drops close to each other may be crossed by the same channel: their network is tuned once.
    var tuned: [Int: FineTuner.Result] = [:]
    var earlier: FineTuner.Result?
    let ascending = points.indices.sorted { (points[$0].count, $0) < (points[$1].count, $1) }
    for index in ascending where tuned[points[index].count] == nil {
      let (drop, count) = points[index]
      if let graph = earlier?.model.graph {
        earlier?.model.graph = try masked(graph, count)
      }
      let result = try tuner.tune(
        repairs[index].model, after: earlier, suspect: model, using: clean,
        drop.map { "tuning, \($0.optionText) %" } ?? "tuning", in: context)
      tuned[count] = result
      earlier = continuesTuning ? result : nil
    }
    for (index, point) in points.enumerated() {
      guard let result = tuned[point.count] else { continue }
      repairs[index].model = result.model
      repairs[index].heldOut = result.heldOut
      repairs[index].clean = result.clean
      repairs[index].tuning = result.summary
    }
    return repairs
  }

  /// Returns the number of channels to prune, for each drop that is reached or for the share.
  private func points(
    of curve: PruningCurve, in context: RunContext
  ) -> [(drop: Double?, count: Int)] {
    if let share = options.share {
      return [(nil, Self.count(share, of: curve.order.count))]
    }
    return options.drops.compactMap { drop in
      guard let count = Self.crossing(of: curve, drop: drop, in: options.dropUnit) else {
        context.warn(Self.unreached(drop, options.dropUnit, curve))
        return nil
      }
      return (drop, count)
    }
  }

  /// Returns the layer to prune: the named one if it can be pruned, by default the last
  /// convolution.
  private func layer(of model: Model) throws(PluginError) -> String {
    let known = model.graph.prunableLayers
    guard let name = options.layer else {
      if let layer = model.graph.lastConvolution { return layer }
      throw PluginError(
        .unsuitableModel,
        "found no convolution on the way to the output", about: .plugin(Self.name),
        remedies: [.set("layer", of: Self.name, to: known)])
    }
    if known.contains(name) { return name }
    let near = nearestName(to: name, among: known).map { "; did you mean '\($0)'?" } ?? ""
    throw PluginError(
      option: "layer", of: Self.name,
      "takes a layer whose channels can be pruned, not '\(name)'\(near) "
        + "(layers: \(known.joined(separator: ", ")))")
  }
}
