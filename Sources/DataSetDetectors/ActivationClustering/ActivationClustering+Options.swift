public import DefenseKit

extension ActivationClustering {
  /// The axes in which a label's representations are clustered.
  public enum Reduction: String, CaseIterable, Sendable, OptionValue {
    /// Independent components: each axis has a variance of 1.
    case ica
    /// Principal components.
    case pca
  }

  /// Which labels have a cluster of poisoned images.
  public enum Rule: String, CaseIterable, Sendable, OptionValue {
    /// Labels whose smaller cluster has less than `size` of the images.
    case relativeSize = "relative-size"
    /// Labels whose clusters have a mean silhouette over `silhouette`.
    case silhouette
    /// All labels.
    case smaller
  }

  /// The options of ``ActivationClustering``.
  public struct Options: PluginOptions {
    /// The number of axes, 1 to 100.
    public var components: Int
    /// The axes.
    public var reduction: Reduction
    /// Which labels have a cluster of poisoned images.
    public var rule: Rule
    /// For ``Rule/relativeSize``: the share of a label's images that a cluster of poisoned ones
    /// stays below, over 0 and up to 0.5.
    public var size: Double
    /// For ``Rule/silhouette``: the mean silhouette that two clusters exceed, -1 to 1.
    public var silhouette: Double
    /// The layer whose values are the representation; nil for the one that the classifier head
    /// reads.
    public var layer: String?

    /// Creates options with all defaults.
    public init() {
      components = 10
      reduction = .ica
      rule = .relativeSize
      size = 0.35
      silhouette = 0.1
      layer = nil
    }

    /// The declarations of all options.
    public static var declarations: [PluginOption<Options>] {
      [
        PluginOption("components", \.components, "Number of components to cluster, 1 to 100."),
        PluginOption("reduction", \.reduction, "Independent or principal components."),
        PluginOption(
          "rule", \.rule,
          "Labels whose smaller cluster is dropped: by its share, by the mean silhouette, or all."),
        PluginOption(
          "size", \.size,
          "For relative-size: share below which a cluster is poisoned, over 0 and up to 0.5."),
        PluginOption(
          "silhouette", \.silhouette,
          "For silhouette: mean silhouette above which there are two clusters, -1 to 1."),
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
    try check((1...100).contains(options.components), "components", "an integer from 1 to 100")
    try check(
      options.size > 0 && options.size <= 0.5, "size",
      "a share over 0 and up to 0.5, such as 0.35")
    try check(
      (-1...1).contains(options.silhouette), "silhouette", "a number from -1 to 1, such as 0.1")
  }
}
