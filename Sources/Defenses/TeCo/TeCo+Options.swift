public import DefenseKit

extension TeCo {
  /// The options of ``TeCo``.
  public struct Options: PluginOptions {
    /// The corruptions to apply, at least two.
    public var corruptions: [Corruption]
    /// The most clean images that the threshold is set on.
    public var samples: Int
    /// The share of clean images that may be flagged.
    public var alarms: Double

    /// Creates options with all defaults.
    public init() {
      corruptions = Corruption.allCases
      samples = 200
      alarms = 0.05
    }

    /// The declarations of all options.
    public static var declarations: [PluginOption<Options>] {
      [
        PluginOption("corruptions", \.corruptions, "Corruptions to apply, at least two."),
        PluginOption(
          "samples", \.samples, "Most clean images the threshold is set on, 1 to 10,000."),
        PluginOption(
          "alarms", \.alarms, "Share of clean images that may be flagged, 0 to under 1."),
      ]
    }
  }

  /// Checks the ranges of the options.
  ///
  /// - Throws: `PluginError` with code `badOption`.
  static func check(_ options: Options) throws(PluginError) {
    let kinds = Set(options.corruptions)
    guard kinds.count >= 2, kinds.count == options.corruptions.count else {
      throw PluginError(
        option: "corruptions", of: name, "takes at least two corruptions, each once")
    }
    guard (1...10_000).contains(options.samples) else {
      throw PluginError(option: "samples", of: name, "takes an integer from 1 to 10,000")
    }
    guard options.alarms >= 0, options.alarms < 1 else {
      throw PluginError(
        option: "alarms", of: name, "takes a number from 0 to under 1, such as 0.05")
    }
  }
}
