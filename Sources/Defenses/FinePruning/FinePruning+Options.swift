public import DefenseKit

extension FinePruning {
  /// Where a channel's mean activation is taken.
  public enum Ranking: String, Sendable, CaseIterable, OptionValue {
    /// At what the layer's consumers read: after activation, normalization and pooling.
    case pool
    /// At the layer itself, after its own activation.
    case convolution
  }

  /// What a drop is measured in.
  public enum DropUnit: String, Sendable, CaseIterable, OptionValue {
    /// Percentage points of accuracy.
    case points
    /// Per cent of the unpruned network's accuracy, as BackdoorBench has it.
    case relative
  }

  /// The options of ``FinePruning``.
  public struct Options: PluginOptions {
    /// The layer to prune; nil means the last convolution on the way to the output.
    public var layer: String?
    /// The allowed drops of validation accuracy, to a millionth.
    public var drops: [Double]
    /// What they are measured in.
    public var dropUnit: DropUnit
    /// The share of the channels to prune, whatever that does to accuracy; nil to go by the drops.
    public var share: Double?
    /// Where a channel's mean activation is taken.
    public var ranking: Ranking
    /// Whether a pruned channel's bias goes to zero with its kernel.
    public var bias: Bool
    /// How the pruned network is fine-tuned; 0 epochs are pruning alone.
    public var tuning: FineTuningOptions

    /// Creates options; each has its default unless given.
    public init(
      layer: String? = nil, drops: [Double] = [2, 4, 10], dropUnit: DropUnit = .points,
      share: Double? = nil, ranking: Ranking = .pool, bias: Bool = true,
      tuning: FineTuningOptions = FineTuningOptions()
    ) {
      self.layer = layer
      self.drops = drops
      self.dropUnit = dropUnit
      self.share = share
      self.ranking = ranking
      self.bias = bias
      self.tuning = tuning
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
          "drop-unit", \.dropUnit,
          "Drops are percentage points, or per cent of the accuracy before."),
        PluginOption(
          "share", \.share,
          "The share of the channels to prune, 0 to 1, instead of going by drops; auto is by drops."
        ),
        PluginOption(
          "ranking", \.ranking,
          "Mean activations are taken at what the layer's consumers read, or at the layer."),
        PluginOption(
          "bias", \.bias, "Whether a pruned channel's bias goes to zero with its kernel."),
      ]
        + FineTuningOptions.declarations.map { option in
          option.name == "epochs"
            ? option.of(
              \.tuning,
              help:
                "How often every image is learned, 0: never; auto: 36, to 100 for few images, to 10 for many."
            )
            : option.of(\.tuning)
        }
    }
  }

  /// Checks the ranges of the options.
  ///
  /// - Throws: `PluginError` with code `badOption`.
  static func check(_ options: Options) throws(PluginError) {
    guard !options.drops.isEmpty, options.drops.allSatisfy({ $0 >= 1e-6 && $0 <= 100 }) else {
      throw PluginError(
        .badOption, "fine-pruning.drops takes numbers over 0 and up to 100, as in 2,4,10")
    }
    guard Set(options.drops).count == options.drops.count else {
      throw PluginError(.badOption, "fine-pruning.drops names a number twice; name each once")
    }
    guard options.share.map({ $0 > 0 && $0 <= 1 }) ?? true else {
      throw PluginError(
        .badOption, "fine-pruning.share takes a number over 0 and up to 1, as in 0.95, or auto")
    }
    try options.tuning.check(for: name, leastEpochs: 0)
  }
}
