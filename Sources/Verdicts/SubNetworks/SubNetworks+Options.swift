public import DefenseKit

extension SubNetworks {
  /// The options of ``SubNetworks``.
  public struct Options: PluginOptions {
    /// The isolation above which a model counts as backdoored, over 1.
    public var threshold: Double

    /// Creates options with all defaults.
    public init() { threshold = 10 }

    /// The declarations of all options.
    public static var declarations: [PluginOption<Options>] {
      [
        PluginOption(
          "threshold", \.threshold,
          "Isolation of a chain of channels above which a model counts as backdoored, over 1.")
      ]
    }
  }
}
