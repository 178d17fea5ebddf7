public import DefenseKit

extension Beatrix {
  /// The options of ``Beatrix``.
  public struct Options: PluginOptions {
    /// The layer whose feature map is examined; nil for the input of the last stage.
    public var layer: String?
    /// The number of orders, P.
    public var orders: Int
    /// The most clean images of a class that its ranges are made from.
    public var samples: Int
    /// The half width of a range in MADs, k.
    public var width: Double
    /// The share of clean images that may be flagged.
    public var alarms: Double

    /// Creates options with all defaults.
    public init() {
      layer = nil
      orders = 8
      samples = 30
      width = 10
      alarms = 0.05
    }

    /// The declarations of all options.
    public static var declarations: [PluginOption<Options>] {
      [
        PluginOption(
          "layer", \.layer,
          "Layer whose feature map is examined; auto: the input of the last stage."),
        PluginOption("orders", \.orders, "Number of powers of the feature map, 1 to 16."),
        PluginOption(
          "samples", \.samples, "Most clean images used for each class, 10 to 200."),
        PluginOption(
          "width", \.width,
          "Half width of a clean range in median absolute deviations, 0 to 1000."),
        PluginOption(
          "alarms", \.alarms, "Share of clean images that may be flagged, 0 to under 1."),
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
    try check((1...16).contains(options.orders), "orders", "an integer from 1 to 16")
    try check(
      (leastImages...200).contains(options.samples), "samples",
      "an integer from \(leastImages) to 200")
    try check((0...1000).contains(options.width), "width", "a number from 0 to 1000, such as 10")
    try check(
      options.alarms >= 0 && options.alarms < 1, "alarms",
      "a number from 0 to under 1, such as 0.05")
  }
}
