public import DefenseKit

extension MMBM {
  /// The options of ``MMBM``.
  public struct Options: PluginOptions {
    /// The number of epochs.
    public var epochs: Int
    /// The number of images in a step.
    public var batch: Int
    /// The learning rate of the bounds (Adam), in units of ``unit``.
    public var learningRate: Double
    /// The bounds before the first step, in units of ``unit``.
    public var start: Double
    /// The unit of the bounds; nil: for each layer its largest clean activation divided by
    /// ``start``.
    public var unit: Double?
    /// The weight c of the bounds' norms before it is adapted.
    public var weight: Double
    /// The share of the suspect's held-out accuracy to keep, over 0 and up to 1.
    public var keep: Double
    /// The number of images per class.
    public var perClass: Int
    /// The share of them that is held out to adapt c and to choose the bounds.
    public var heldOut: Double
    /// The names of the layers whose channels are bounded; nil selects up to three.
    public var layers: [String]?

    /// Creates options with all defaults.
    public init() {
      epochs = 50
      batch = 50
      learningRate = 0.1
      start = 8
      unit = nil
      weight = 0.5
      keep = 0.95
      perClass = 50
      heldOut = 0.2
      layers = nil
    }

    /// The declarations of all options.
    public static var declarations: [PluginOption<Options>] {
      [
        PluginOption("epochs", \.epochs, "Epochs of training the bounds, 1 to 10,000."),
        PluginOption("batch", \.batch, "Batch size, 1 to 65,536."),
        PluginOption(
          "learning-rate", \.learningRate,
          "Learning rate of the bounds in units, over 0 and up to 100."),
        PluginOption(
          "start", \.start, "Bounds before the first step in units, over 0 and up to 1,000."),
        PluginOption(
          "unit", \.unit,
          "Unit of the bounds, over 0 and up to 1,000,000; auto: each layer's largest clean "
            + "activation divided by the start."),
        PluginOption(
          "weight", \.weight, "Weight of the bounds' norms at first, over 0 and up to 1,000."),
        PluginOption(
          "keep", \.keep,
          "Share of the held-out accuracy that bounds must keep, over 0 and up to 1."),
        PluginOption("per-class", \.perClass, "Most images per class, 1 to 1,000,000."),
        PluginOption(
          "held-out", \.heldOut,
          "Share of these images held out to choose the bounds, over 0 and under 1."),
        PluginOption(
          "layers", \.layers,
          "Layers whose channels are bounded; auto: the first activation and the last layers of "
            + "the next image sizes, up to three."),
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
    func positive(_ value: Double, _ limit: Double) -> Bool { value > 0 && value <= limit }
    try check((1...10_000).contains(options.epochs), "epochs", "an integer from 1 to 10,000")
    try check((1...65_536).contains(options.batch), "batch", "an integer from 1 to 65,536")
    try check(
      positive(options.learningRate, 100), "learning-rate", "a number over 0 and up to 100")
    try check(positive(options.start, 1000), "start", "a number over 0 and up to 1,000")
    try check(
      options.unit.map { positive($0, 1e6) } ?? true, "unit",
      "auto or a number over 0 and up to 1,000,000")
    try check(positive(options.weight, 1000), "weight", "a number over 0 and up to 1,000")
    try check(positive(options.keep, 1), "keep", "a number over 0 and up to 1")
    try check(
      (1...1_000_000).contains(options.perClass), "per-class", "an integer from 1 to 1,000,000")
    try check(
      options.heldOut > 0 && options.heldOut < 1, "held-out", "a number over 0 and under 1")
    try check(options.layers?.isEmpty != true, "layers", "auto or names of layers")
  }
}
