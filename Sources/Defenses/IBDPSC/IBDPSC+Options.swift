public import DefenseKit

extension IBDPSC {
  /// The options of ``IBDPSC``.
  public struct Options: PluginOptions {
    /// The factor of gamma and beta, ω.
    public var factor: Double
    /// The number of amplified copies, n.
    public var copies: Int
    /// The error on clean images, a share, over which the first copy must be, ξ.
    public var error: Double
    /// The share of clean images that may be flagged, 0 to under 1.
    public var alarms: Double
    /// How the threshold is set; as published, a consistency of 0.9 is flagged.
    public var threshold: ThresholdRule

    /// Creates options.
    public init(
      factor: Double = 1.5, copies: Int = 5, error: Double = 0.6, alarms: Double = 0.05,
      threshold: ThresholdRule = .quantile
    ) {
      self.factor = factor
      self.copies = copies
      self.error = error
      self.alarms = alarms
      self.threshold = threshold
    }

    /// Creates options with all defaults.
    public init() { self.init(factor: 1.5) }

    /// The declarations of all options.
    public static var declarations: [PluginOption<Options>] {
      [
        PluginOption("factor", \.factor, "Factor of gamma and beta, over 1 and up to 100."),
        PluginOption("copies", \.copies, "Number of amplified copies, 1 to 100."),
        PluginOption(
          "error", \.error, "Error on clean images that the first copy exceeds, 0 to under 1."),
        PluginOption(
          "alarms", \.alarms, "Share of clean images that may be flagged, 0 to under 1."),
        PluginOption(
          "threshold", \.threshold,
          "Threshold: the quantile of clean images, or 0.9, as published."),
      ]
    }
  }

  /// Checks the ranges of the options.
  ///
  /// - Throws: `PluginError` with code `badOption`.
  static func check(_ options: Options) throws(PluginError) {
    func check(_ isGood: Bool, _ option: String, _ range: String) throws(PluginError) {
      if !isGood { throw PluginError(option: option, of: name, "takes \(range)") }
    }
    try check(
      options.factor > 1 && options.factor <= 100, "factor",
      "a number over 1 and up to 100, such as 1.5")
    try check((1...100).contains(options.copies), "copies", "an integer from 1 to 100")
    try check((0..<1).contains(options.error), "error", "a share from 0 to under 1, such as 0.6")
    try check(
      (0..<1).contains(options.alarms), "alarms", "a number from 0 to under 1, such as 0.05")
  }
}
