public import DefenseKit

extension SentiNet {
  /// How the gradients weigh a feature map.
  public enum Map: String, Sendable, CaseIterable, OptionValue {
    /// Each value by its own gradient (HiResCAM).
    case hiResCAM = "hires-cam"
    /// Each channel by its mean gradient (Grad-CAM), as published.
    case gradCAM = "grad-cam"
  }

  /// The options of ``SentiNet``.
  public struct Options: PluginOptions {
    /// The layer whose feature map is weighed; nil for the input of the last stage.
    public var layer: String?
    /// How the gradients weigh the feature map.
    public var map: Map
    /// The number of clean images that a region is pasted on, N.
    public var images: Int
    /// The share of the pixels in a region.
    public var share: Double
    /// The most clean images for the parabola and the threshold.
    public var samples: Int
    /// The share of clean images that may be flagged.
    public var alarms: Double

    /// Creates options with all defaults.
    public init() {
      layer = nil
      map = .hiResCAM
      images = 100
      share = 0.15
      samples = 400
      alarms = 0.05
    }

    /// The declarations of all options.
    public static var declarations: [PluginOption<Options>] {
      [
        PluginOption(
          "layer", \.layer,
          "Layer whose feature map is weighed; auto: the input of the last stage."
        ),
        PluginOption(
          "map", \.map,
          "Weights of the feature map: each value's gradient, or each channel's mean gradient."),
        PluginOption(
          "images", \.images, "Number of clean images a region is pasted on, 1 to 10,000."),
        PluginOption("share", \.share, "Share of the pixels in a region, over 0 and under 1."),
        PluginOption(
          "samples", \.samples,
          "Most clean images for the curve and the threshold, 10 to 10,000."),
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
    try check((1...10_000).contains(options.images), "images", "an integer from 1 to 10,000")
    try check(
      options.share > 0 && options.share < 1, "share", "a number over 0 and under 1, such as 0.15")
    try check((10...10_000).contains(options.samples), "samples", "an integer from 10 to 10,000")
    try check(
      options.alarms >= 0 && options.alarms < 1, "alarms",
      "a number from 0 to under 1, such as 0.05")
  }

  /// Returns the layer whose feature map is weighed.
  ///
  /// - Throws: `PluginError` with code `unsuitableModel` for a model without a convolution, and
  ///   `badOption` for a named layer that is no feature map or that a path bypasses.
  func layer(of model: Model) throws(PluginError) -> String {
    let graph = model.graph
    guard graph.inputShape.count == 3 else {
      throw PluginError(
        .unsuitableModel,
        "pastes regions of images, but \(model.name) takes \(graph.inputShape)",
        about: .plugin(Self.name))
    }
    let maps = graph.cutNodes.filter {
      $0 > 0 && $0 != graph.output && graph.nodes[$0].shape.count == 3
    }
    let names = maps.map { graph.nodes[$0].name }
    if let name = options.layer {
      guard names.contains(name) else {
        throw PluginError(
          option: "layer", of: Self.name,
          "takes an inner layer that every image passes through and whose result is "
            + "[height, width, channels], not '\(name)' (layers: \(names.joined(separator: ", ")))")
      }
      return name
    }
    guard let name = graph.lastStageInput else {
      throw PluginError(
        .unsuitableModel,
        "weighs the feature map of a convolution, and \(model.name) has none",
        about: .plugin(Self.name))
    }
    guard let layer = names.contains(name) ? name : names.last else {
      throw PluginError(
        .unsuitableModel,
        "found no feature map that every image of \(model.name) passes through",
        about: .plugin(Self.name))
    }
    return layer
  }
}
