public import DefenseKit

/// Prunes the filters of the last convolution whose kernels have the smallest L1 norms.
///
/// Source: Li et al., "Pruning Filters for Efficient ConvNets", ICLR 2017, section 3.1. It was made
/// to shrink networks; as a defense it is a baseline to compare others with, for it looks at no
/// image when it chooses.
public struct MagnitudePruning: Defense {
  /// The options of ``MagnitudePruning``.
  public struct Options: PluginOptions {
    /// The share of the channels to prune.
    public var share = 0.5

    /// Creates options with all defaults.
    public init() {}

    /// The declarations of all options.
    public static var declarations: [PluginOption<Options>] {
      [PluginOption("share", \.share, "Share of channels to prune, between 0 and 1.")]
    }
  }

  /// "magnitude-pruning".
  public static let name = "magnitude-pruning"
  /// One sentence for listings.
  public static let summary = "Prunes the channels whose kernels have the smallest L1 norms."
  /// Nothing: no image is looked at when channels are chosen.
  public static let requirements: [PluginRequirement] = []
  /// The options it was made with.
  public let options: Options

  /// Creates the defense.
  ///
  /// - Throws: `PluginError` if `share` isn't between 0 and 1.
  public init(options: Options) throws(PluginError) {
    guard options.share > 0, options.share < 1 else {
      throw PluginError(option: "share", of: Self.name, "takes a number between 0 and 1")
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
    guard let layer = model.graph.lastConvolution, let index = model.graph.index(of: layer),
      case .convolution(let convolution) = model.graph.nodes[index].operation
    else {
      throw PluginError(
        .unsuitableModel, "needs a plain convolution", about: .plugin(Self.name),
        remedies: [.advice("choose another defense")])
    }
    let channels = model.graph.nodes[index].channels
    var norms = Array(repeating: 0.0, count: channels)
    // The output channel is the kernel's last axis, the fastest.
    for (position, weight) in convolution.kernel.values.enumerated() {
      norms[position % channels] += Double(abs(weight))
    }
    let order = norms.indices.sorted { (norms[$0], $0) < (norms[$1], $1) }
    let pruned = Array(order.prefix(Int(options.share * Double(channels))))
    var repaired = model
    repaired.graph = try model.graph.masking(pruned, of: layer)
    var repair = Repair(
      model: repaired, defense: Self.name,
      pruned: [PrunedChannels(layer: layer, channels: pruned, of: channels)], clean: nil)
    if let clean, clean.isLabelled {
      repair.clean = try CleanCounts(of: repaired, on: clean, in: context)
    }
    return [repair]
  }
}
