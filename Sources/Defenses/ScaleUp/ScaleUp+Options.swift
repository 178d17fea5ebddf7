public import DefenseKit

extension ScaleUp {
  /// The options of ``ScaleUp``.
  public struct Options: PluginOptions {
    /// The factors that pixel values are multiplied by, S.
    public var factors: [Double]
    /// The share of clean images that may be flagged, 0 to under 1.
    public var alarms: Double
    /// How the threshold is set; as published, a consistency of 0.5 is flagged.
    public var threshold: ThresholdRule

    /// Creates options.
    public init(
      factors: [Double] = [3, 5, 7, 9, 11], alarms: Double = 0.05,
      threshold: ThresholdRule = .quantile
    ) {
      self.factors = factors
      self.alarms = alarms
      self.threshold = threshold
    }

    /// Creates options with all defaults.
    public init() { self.init(alarms: 0.05) }

    /// The declarations of all options.
    public static var declarations: [PluginOption<Options>] {
      [
        PluginOption("factors", \.factors, "Factors of the pixel values, over 1 and up to 1,000."),
        PluginOption(
          "alarms", \.alarms, "Share of clean images that may be flagged, 0 to under 1."),
        PluginOption(
          "threshold", \.threshold,
          "Threshold: the quantile of clean images, or 0.5, as published."),
      ]
    }
  }

  /// Checks the ranges of the options.
  ///
  /// - Throws: `PluginError` with code `badOption`.
  static func check(_ options: Options) throws(PluginError) {
    guard (1...100).contains(options.factors.count),
      options.factors.allSatisfy({ $0 > 1 && $0 <= 1000 })
    else {
      throw PluginError(
        option: "factors", of: name, "takes 1 to 100 numbers over 1 and up to 1,000, such as 3,5,7")
    }
    guard options.alarms >= 0, options.alarms < 1 else {
      throw PluginError(
        option: "alarms", of: name, "takes a number from 0 to under 1, such as 0.05")
    }
  }
}
