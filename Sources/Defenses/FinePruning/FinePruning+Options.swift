public import DefenseKit

extension FinePruning {
  /// Where a channel's mean activation is measured.
  public enum Ranking: String, Sendable, CaseIterable, OptionValue {
    /// On what the layer's consumers read: after activation, normalization and pooling.
    case pool
    /// On the layer's own output, after its activation.
    case convolution
  }

  /// The unit of a drop.
  public enum DropUnit: String, Sendable, CaseIterable, OptionValue {
    /// Percentage points of accuracy.
    case points
    /// Per cent of the unpruned network's accuracy, as in BackdoorBench.
    case relative
  }

  /// The options of ``FinePruning``.
  public struct Options: PluginOptions {
    /// The layer to prune; nil means the last convolution on the way to the output.
    public var layer: String?
    /// The allowed drops of accuracy on the clean images, each 1e-6 to 100, rounded to a millionth.
    public var drops: [Double]
    /// The unit of the drops.
    public var dropUnit: DropUnit
    /// The share of the channels to prune regardless of accuracy, over 0 and up to 1; nil to use
    /// ``drops``.
    public var share: Double?
    /// Where a channel's mean activation is measured.
    public var ranking: Ranking
    /// Whether pruning sets a channel's bias to zero along with its kernel.
    public var bias: Bool
    /// How to fine-tune the pruned network; with 0 epochs it is only pruned.
    public var tuning: FineTuningOptions

    /// Creates options.
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
          "layer", \.layer, "Layer whose channels are pruned; auto: the last convolution."),
        PluginOption(
          "drops", \.drops,
          "Drops of accuracy on clean images in percentage points; one repaired model for each."),
        PluginOption(
          "drop-unit", \.dropUnit,
          "Unit of drops: percentage points, or per cent of the accuracy before pruning."),
        PluginOption(
          "share", \.share,
          "Share of the channels to prune, 0 to 1, instead of drops; auto: by drops."
        ),
        PluginOption(
          "ranking", \.ranking,
          "Where mean activations are measured: what the layer's consumers read, or the layer "
            + "itself."),
        PluginOption(
          "bias", \.bias, "Whether masking a channel also sets its bias to zero."),
      ]
        + FineTuningOptions.declarations.map { option in
          option.name == "epochs"
            ? option.of(
              \.tuning,
              help:
                "Number of epochs; 0 skips training; auto: 36, more for few images (to 100), fewer "
                + "for many (to 10)."
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
        option: "drops", of: name, "takes numbers over 0 and up to 100, as in 2,4,10")
    }
    guard Set(options.drops).count == options.drops.count else {
      throw PluginError(option: "drops", of: name, "names a number twice; name each once")
    }
    guard options.share.map({ $0 > 0 && $0 <= 1 }) ?? true else {
      throw PluginError(
        option: "share", of: name, "takes a number over 0 and up to 1, as in 0.95, or auto")
    }
    try options.tuning.check(for: name, leastEpochs: 0)
  }
}
