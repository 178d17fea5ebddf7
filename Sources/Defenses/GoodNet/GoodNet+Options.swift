public import DefenseKit

extension GoodNet {
  /// The options of ``GoodNet``.
  public struct Options: PluginOptions {
    /// The share of held-out clean images that may be flagged, 0 to under 1; nil flags
    /// disagreement.
    public var alarms: Double?

    /// Creates options.
    public init(alarms: Double?) { self.alarms = alarms }

    /// Creates options with all defaults.
    public init() { self.init(alarms: nil) }

    /// The declarations of all options.
    public static var declarations: [PluginOption<Options>] {
      [
        PluginOption(
          "alarms", \.alarms,
          "Share of held-out clean images that may be flagged, 0 to under 1; auto flags disagreement."
        )
      ]
    }
  }

  /// Checks the ranges of the options.
  ///
  /// - Throws: `PluginError` with code `badOption`.
  static func check(_ options: Options) throws(PluginError) {
    guard let alarms = options.alarms else { return }
    guard alarms >= 0, alarms < 1 else {
      throw PluginError(option: "alarms", of: name, "takes a number from 0 to under 1, or auto")
    }
  }
}
