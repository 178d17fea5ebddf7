public import DefenseKit

extension SpectralSignatures {
  /// The options of ``SpectralSignatures``.
  public struct Options: PluginOptions {
    /// The assumed maximum share of poisoned images in a label, over 0 and up to 1.
    public var share: Double
    /// The layer whose values are the representation; nil for the one that the classifier head
    /// reads.
    public var layer: String?

    /// Creates options with all defaults.
    public init() {
      share = 0.1
      layer = nil
    }

    /// The declarations of all options.
    public static var declarations: [PluginOption<Options>] {
      [
        PluginOption(
          "share", \.share,
          "Largest expected share of poisoned images in a label, over 0 and up to 1; drops 1.5 "
            + "times as many."),
        PluginOption(
          "layer", \.layer,
          "Layer of the representation; auto: the one that the classifier head reads."
        ),
      ]
    }
  }
}
