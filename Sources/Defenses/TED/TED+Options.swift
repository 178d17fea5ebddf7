public import DefenseKit

extension TED {
  /// The options of ``TED``.
  public struct Options: PluginOptions {
    /// The largest number of clean images that an image is compared with, N.
    public var samples: Int
    /// The number of values that a layer's output is projected to.
    public var dimensions: Int
    /// The share of clean images that may be flagged, 0 to under 1.
    public var alarms: Double

    /// Creates options.
    public init(samples: Int = 1000, dimensions: Int = 128, alarms: Double = 0.01) {
      self.samples = samples
      self.dimensions = dimensions
      self.alarms = alarms
    }

    /// Creates options with all defaults.
    public init() { self.init(samples: 1000) }

    /// The declarations of all options.
    public static var declarations: [PluginOption<Options>] {
      [
        PluginOption(
          "samples", \.samples, "Largest number of clean images to compare with, 3 to 100,000."),
        PluginOption(
          "dimensions", \.dimensions,
          "Values that a layer's output is projected to, a multiple of 4 up to 65,536."),
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
    try check((3...100_000).contains(options.samples), "samples", "an integer from 3 to 100,000")
    try check(
      (4...65_536).contains(options.dimensions) && options.dimensions % 4 == 0, "dimensions",
      "a multiple of 4 from 4 to 65,536, such as 128")
    try check(
      (0..<1).contains(options.alarms), "alarms", "a number from 0 to under 1, such as 0.01")
  }
}
