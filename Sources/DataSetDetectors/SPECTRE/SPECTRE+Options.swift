public import DefenseKit

extension SPECTRE {
  /// The labels from which images are dropped.
  public enum Labels: String, CaseIterable, Sendable, OptionValue {
    /// The one whose representations spread most after whitening.
    case target
    /// All.
    case all
  }

  /// The options of ``SPECTRE``.
  public struct Options: PluginOptions {
    /// The assumed maximum share of poisoned images in a label, over 0 and under 0.5.
    public var share: Double
    /// The weight of the directions in which the whitened representations spread most, over 0.
    public var alpha: Double
    /// The largest number of principal directions, 1 to 1000.
    public var components: Int
    /// The labels from which images are dropped.
    public var labels: Labels
    /// The layer whose values are the representation; nil for the one that the classifier head
    /// reads.
    public var layer: String?

    /// Creates options with all defaults.
    public init() {
      share = 0.1
      alpha = 4
      components = 100
      labels = .target
      layer = nil
    }

    /// The declarations of all options.
    public static var declarations: [PluginOption<Options>] {
      [
        PluginOption(
          "share", \.share,
          "Largest expected share of poisoned images in a label, over 0 and under 0.5; drops 1.5 "
            + "times as many."),
        PluginOption("alpha", \.alpha, "Weight of the directions that spread most, over 0."),
        PluginOption(
          "components", \.components, "Largest number of principal directions, 1 to 1000."),
        PluginOption(
          "labels", \.labels, "Drops images of the label that spreads most, or of all labels."),
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
    func check(_ isGood: Bool, _ option: String, _ range: String) throws(PluginError) {
      if !isGood { throw PluginError(option: option, of: name, "takes \(range)") }
    }
    try check(
      options.share > 0 && options.share < 0.5, "share",
      "a share over 0 and under 0.5, such as 0.1")
    try check(options.alpha > 0 && options.alpha <= 100, "alpha", "a number over 0 and up to 100")
    try check((1...1000).contains(options.components), "components", "an integer from 1 to 1000")
  }
}
