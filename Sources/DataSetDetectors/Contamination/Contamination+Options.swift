public import DefenseKit

extension Contamination {
  /// The statistic of a label.
  public enum Statistic: String, CaseIterable, Sendable, OptionValue {
    /// With the mean of a label that the two-component model implies.
    case corrected
    /// As in the authors' program, with a mean that tends to 0 with the number of images.
    case published
  }

  /// The options of ``Contamination``.
  public struct Options: PluginOptions {
    /// The statistic of a label.
    public var statistic: Statistic
    /// The index above which a label is contaminated, over 0.
    public var threshold: Double
    /// The largest number of principal directions of the training images' representations in which
    /// the model is fitted, 1 to 1000.
    public var components: Int
    /// The layer whose values are the representation; nil for the one that the classifier head
    /// reads.
    public var layer: String?

    /// Creates options with all defaults.
    public init() {
      statistic = .corrected
      // e^2
      threshold = 7.389
      components = 64
      layer = nil
    }

    /// The declarations of all options.
    public static var declarations: [PluginOption<Options>] {
      [
        PluginOption(
          "statistic", \.statistic,
          "Mean of a label by the two-component model, or as in the authors' program."),
        PluginOption(
          "threshold", \.threshold, "Index above which a label is contaminated, over 0."),
        PluginOption(
          "components", \.components, "Largest number of principal directions, 1 to 1000."),
        PluginOption(
          "layer", \.layer,
          "Layer of the representation; auto: the one that the classifier head reads."),
      ]
    }
  }

  /// Checks the ranges of the options.
  ///
  /// - Throws: `PluginError` with code `badOption`.
  static func check(_ options: Options) throws(PluginError) {
    guard options.threshold > 0, options.threshold.isFinite else {
      throw PluginError(option: "threshold", of: name, "takes a number over 0, such as 7.389")
    }
    guard (1...1000).contains(options.components) else {
      throw PluginError(option: "components", of: name, "takes an integer from 1 to 1000")
    }
  }
}
