public import DefenseKit

extension STRIP {
  /// How the threshold is derived from the entropies of clean images.
  public enum Rule: String, Sendable, CaseIterable, OptionValue {
    /// As in the paper: mean + z * deviation of a normal distribution, with z its quantile at
    /// ``STRIP/Options/alarms``.
    case normal
    /// The quantile of the clean entropies at ``STRIP/Options/alarms``.
    case quantile
  }

  /// The options of ``STRIP``.
  public struct Options: PluginOptions {
    /// The number of clean images that each image is blended with, N.
    public var overlays: Int
    /// The factor for the image.
    public var alpha: Double
    /// The factor for the clean image blended into it.
    public var beta: Double
    /// The share of clean images that may be flagged, 1e-6 to under 1. At most 2,000 clean images
    /// are measured, so that a quantile under 1/2001 flags none.
    public var alarms: Double
    /// How the threshold is derived from clean entropies.
    public var threshold: Rule

    /// Creates options.
    public init(
      overlays: Int = 100, alpha: Double = 1, beta: Double = 1, alarms: Double = 0.01,
      threshold: Rule = .quantile
    ) {
      self.overlays = overlays
      self.alpha = alpha
      self.beta = beta
      self.alarms = alarms
      self.threshold = threshold
    }

    /// Creates options with all defaults.
    public init() { self.init(overlays: 100) }

    /// The declarations of all options.
    public static var declarations: [PluginOption<Options>] {
      [
        PluginOption(
          "overlays", \.overlays, "Number of clean images blended into each image, 1 to 10,000."),
        PluginOption("alpha", \.alpha, "Factor for the image, over 0 and up to 100."),
        PluginOption("beta", \.beta, "Factor for the blended clean image, over 0 and up to 100."),
        PluginOption(
          "alarms", \.alarms, "Share of clean images that may be flagged, 1e-6 to under 1."),
        PluginOption(
          "threshold", \.threshold,
          "Threshold from clean entropies: normal fit, as published, or their quantile."
        ),
      ]
    }
  }

  /// Checks the ranges of the options.
  ///
  /// - Throws: `PluginError` with code `badOption`.
  static func check(_ options: Options) throws(PluginError) {
    guard (1...10_000).contains(options.overlays) else {
      throw PluginError(option: "overlays", of: name, "takes an integer from 1 to 10,000")
    }
    for (option, factor) in [("alpha", options.alpha), ("beta", options.beta)]
    where !(factor > 0 && factor <= 100) {
      throw PluginError(
        option: option, of: name, "takes a number over 0 and up to 100, such as 1")
    }
    guard options.alarms >= 1e-6, options.alarms < 1 else {
      throw PluginError(
        option: "alarms", of: name, "takes a number from 1e-6 to under 1, such as 0.01")
    }
  }
}
