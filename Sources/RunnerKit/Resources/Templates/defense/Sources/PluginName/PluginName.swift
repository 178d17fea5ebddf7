public import DefenseKit

/// Prunes random channels of the last convolution.
///
/// A starting point, and a baseline: your defense should do better than chance.
public struct PluginName: Defense {
  /// The options of ``PluginName``.
  public struct Options: PluginOptions {
    /// The share of the channels to prune.
    public var share = 0.25

    /// Creates options with all defaults.
    public init() {}

    /// The declarations of all options.
    public static var declarations: [PluginOption<Options>] {
      [PluginOption("share", \.share, "Share of channels to prune, over 0 and under 1.")]
    }
  }

  /// "plugin-name".
  public static let name = "plugin-name"
  /// One sentence for listings.
  public static let summary = "Prunes random channels of the last convolution."
  /// The options it was made with.
  public let options: Options

  /// Creates the defense.
  ///
  /// - Throws: `PluginError` if `share` isn't between 0 and 1.
  public init(options: Options) throws(PluginError) {
    guard options.share > 0, options.share < 1 else {
      throw PluginError(option: "share", of: Self.name, "takes a number over 0 and under 1")
    }
    self.options = options
  }

  /// Returns one repaired copy, with the channels masked.
  ///
  /// - Throws: `PluginError` if the model has no convolution, `CancellationError` if the run is to
  ///   stop, else what the execution throws.
  public func repair(
    _ model: Model, using clean: CleanData?, in context: RunContext
  ) throws -> [Repair] {
    try context.checkCancellation()
    let clean = try required(clean)
    guard let layer = model.graph.lastConvolution, let index = model.graph.index(of: layer) else {
      throw PluginError(
        .unsuitableModel, "needs a convolution", about: .plugin(Self.name),
        remedies: [.advice("choose another defense")])
    }
    let channels = model.graph.nodes[index].channels
    // All that is random comes from the run's seed: equal seeds give equal results.
    var generator = SeededGenerator(seed: context.seed)
    let count = max(1, Int(options.share * Double(channels)))
    let pruned = Array(generator.permutation(channels).prefix(count))
    var repaired = model
    repaired.graph = try model.graph.masking(pruned, of: layer)
    return [
      Repair(
        model: repaired, defense: Self.name,
        pruned: [PrunedChannels(layer: layer, channels: pruned, of: channels)],
        clean: try CleanCounts(of: repaired, on: clean, in: context))
    ]
  }
}
