public import DefenseKit

/// Prunes the channels that clean images leave dormant (the pruning part of fine-pruning).
///
/// A backdoor lives largely in channels that clean inputs hardly activate. The defense ranks the
/// channels of one layer by their mean activation over clean images,
///
///     a_c = 1 / (n * h * w) * sum over images i and positions p of y[i][p][c],
///
/// and prunes them one after another, smallest a_c first, ties by index. It returns, for each
/// allowed drop d, the first network whose accuracy on the clean images is at least d percentage
/// points under the unpruned one's; the prune that crosses the line is included. One sweep serves
/// all drops, and nothing but clean images is looked at.
///
/// Source: Liu, Dolan-Gavitt and Garg, "Fine-Pruning: Defending Against Backdooring Attacks on
/// Deep Neural Networks", RAID 2018, section 3.2. Fine-tuning, the other part, isn't done.
public struct FinePruning: Defense {
  /// "fine-pruning".
  public static let name = "fine-pruning"
  /// One sentence for listings.
  public static let summary = "Prunes the channels that clean images activate least."

  /// Where a channel's mean activation is taken.
  public enum Ranking: String, Sendable, CaseIterable, OptionValue {
    /// At what the layer's consumers read: after activation, normalization and pooling.
    case pool
    /// At the layer itself, after its own activation.
    case convolution
  }

  /// The options of ``FinePruning``.
  public struct Options: PluginOptions {
    /// The layer to prune; nil means the last convolution on the way to the output.
    public var layer: String?
    /// The allowed drops of validation accuracy in percentage points, to a millionth.
    public var drops: [Double]
    /// Where a channel's mean activation is taken.
    public var ranking: Ranking
    /// Whether a pruned channel's bias goes to zero with its kernel.
    public var bias: Bool

    /// Creates options; each has its default unless given.
    public init(
      layer: String? = nil, drops: [Double] = [2, 4, 10], ranking: Ranking = .pool,
      bias: Bool = true
    ) {
      self.layer = layer
      self.drops = drops
      self.ranking = ranking
      self.bias = bias
    }

    /// Creates options with all defaults.
    public init() { self.init(layer: nil) }

    /// The declarations of all options.
    public static var declarations: [PluginOption<Options>] {
      [
        PluginOption(
          "layer", \.layer, "The layer whose channels are pruned; auto is the last convolution."),
        PluginOption(
          "drops", \.drops,
          "Drops of validation accuracy in percentage points; one repaired model for each."),
        PluginOption(
          "ranking", \.ranking,
          "Mean activations are taken at what the layer's consumers read, or at the layer."),
        PluginOption(
          "bias", \.bias, "Whether a pruned channel's bias goes to zero with its kernel."),
      ]
    }
  }

  /// The options it was made with.
  public let options: Options

  /// Creates the defense with all defaults.
  public init() { options = Options() }

  /// Creates the defense.
  ///
  /// - Throws: `PluginError` if `drops` is empty, has a number twice or one outside 0...100, zero
  ///   excluded.
  public init(options: Options) throws(PluginError) {
    guard !options.drops.isEmpty, options.drops.allSatisfy({ $0 >= 1e-6 && $0 <= 100 }) else {
      throw PluginError(
        .badOption, "fine-pruning.drops takes numbers over 0 and up to 100, as in 2,4,10")
    }
    guard Set(options.drops).count == options.drops.count else {
      throw PluginError(.badOption, "fine-pruning.drops names a number twice; name each once")
    }
    self.options = options
  }

  /// Sweeps over the layer's channels once and returns the first model at or past each drop.
  ///
  /// Channels are ranked by finite means only: an image on which the layer, or one before it, gives
  /// values that are not finite stops the defense.
  ///
  /// - Throws: `PluginError` if the model has no such layer, else what the execution throws, such as
  ///   `SampleError` for an image that cannot be ranked by.
  public func repair(
    _ model: Model, using clean: CleanData, in context: RunContext
  ) throws -> [Repair] {
    let layer = try layer(of: model)
    let sweep = try ChannelSweep(
      model: model, layer: layer, zeroingBias: options.bias,
      measuringLayer: options.ranking == .convolution, options: context.execution)
    let recording = try context.phase("recording activations", images: clean.count) {
      try sweep.record(clean.source, progress: $0)
    }
    let order = Self.order(
      options.ranking == .pool ? recording.frontierMeans : recording.layerMeans)
    let predictions = try context.phase("sweep", images: clean.count) {
      try recording.predictions(masking: order, progress: $0)
    }
    context.count(sweep, steps: order.count, images: clean.count)

    let counts = predictions.map {
      CleanCounts(verdicts: $0, labels: clean.labels, classCount: model.classCount)
    }
    context.checkBaseline(
      correct: counts[0].correct, images: clean.count, of: model, on: clean.name)
    if let most = counts.map(\.nonfinite).max(), most > 0 {
      context.warn(
        "fine-pruning: no class for \(counts[0].nonfinite) of \(clean.count) images of "
          + "\(clean.name) before pruning, and for \(most) at most: values on the way are NaN or "
          + "infinite; they count as wrong")
    }
    let curve = PruningCurve(
      layer: layer, order: order, prunesBias: options.bias, correct: counts.map(\.correct),
      nonfinite: counts.map(\.nonfinite), images: clean.count)
    var repairs: [Repair] = []
    for drop in options.drops {
      guard let count = Self.crossing(of: curve, drop: drop) else {
        context.warn(Self.unreached(drop, curve))
        continue
      }
      let pruned = Array(order[..<count])
      var repaired = model
      repaired.graph = try model.graph.masking(pruned, of: layer, zeroingBias: options.bias)
      repairs.append(
        Repair(
          model: repaired, defense: Self.name, drop: drop, layer: layer, pruned: pruned,
          validation: counts[count], curve: curve))
    }
    return repairs
  }

  /// The layer to prune: the one named, if it can be pruned, else the last convolution.
  private func layer(of model: Model) throws(PluginError) -> String {
    let known = model.graph.prunableLayers
    guard let name = options.layer else {
      if let layer = model.graph.lastConvolution { return layer }
      throw PluginError(
        .unsuitableModel,
        "fine-pruning found no convolution on the way to the output; name a layer with "
          + "--option fine-pruning.layer=NAME (\(known.joined(separator: ", ")))")
    }
    if known.contains(name) { return name }
    let near = nearestName(to: name, among: known).map { "did you mean '\($0)'? " } ?? ""
    throw PluginError(
      .badOption,
      "fine-pruning.layer: '\(name)' isn't a layer whose channels can be pruned; \(near)"
        + "(\(known.joined(separator: ", ")))")
  }
}
