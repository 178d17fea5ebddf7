public import DefenseKit

extension ANP {
  /// The options of ``ANP``.
  public struct Options: PluginOptions {
    /// The allowed drop of accuracy on held-out images, 0 to 100 percentage points.
    public var drop: Double
    /// Channels whose mask is at most this are pruned, 0 to under 1; nil derives it from ``drop``.
    public var threshold: Double?
    /// The number of optimization steps for the masks.
    public var iterations: Int
    /// The number of images in a step.
    public var batch: Int
    /// The largest relative perturbation, epsilon.
    public var epsilon: Double
    /// The number of gradient ascent steps for each perturbation.
    public var steps: Int
    /// The weight of the unperturbed loss, alpha, 0 to 1.
    public var alpha: Double
    /// The masks' learning rate.
    public var learningRate: Double
    /// The masks' momentum.
    public var momentum: Double
    /// The share of the clean images that is held out for choosing the threshold.
    public var heldOut: Double
    /// The largest random shift of an image in each direction, in pixels.
    public var shift: Int
    /// Whether a random half of the images is mirrored left to right.
    public var flip: Bool

    /// Creates options with all defaults.
    public init() {
      drop = 2
      threshold = nil
      iterations = 2000
      batch = 128
      epsilon = 0.4
      steps = 1
      alpha = 0.2
      learningRate = 0.2
      momentum = 0.9
      heldOut = 0.2
      shift = 0
      flip = false
    }

    /// The declarations of all options.
    public static var declarations: [PluginOption<Options>] {
      [
        PluginOption(
          "drop", \.drop, "Loss of held-out accuracy that pruning may cause, 0 to 100 points."),
        PluginOption(
          "threshold", \.threshold,
          "Prunes channels with a mask up to this value, 0 to under 1; auto: derived from the "
            + "drop."),
        PluginOption("iterations", \.iterations, "Steps of mask training, 1 to 1,000,000."),
        PluginOption("batch", \.batch, "Batch size, 1 to 65,536."),
        PluginOption(
          "epsilon", \.epsilon, "Largest relative perturbation, over 0 and up to 10."),
        PluginOption("steps", \.steps, "Ascent steps for each perturbation, 1 to 1,000."),
        PluginOption("alpha", \.alpha, "Weight of the unperturbed loss, 0 to 1."),
        PluginOption(
          "learning-rate", \.learningRate,
          "Learning rate of the masks, over 0 and up "
            + "to 100."),
        PluginOption("momentum", \.momentum, "Momentum of the masks, 0 to under 1."),
        PluginOption(
          "held-out", \.heldOut,
          "Share of the clean images held out to choose the threshold, over 0 and under 1."),
        PluginOption(
          "shift", \.shift, "Largest random shift of training images in pixels, 0 to 64."),
        PluginOption(
          "flip", \.flip,
          "Whether half of the training images are mirrored, left for "
            + "right."),
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
    try check((0...100).contains(options.drop), "drop", "a number of points from 0 to 100")
    try check(
      options.threshold.map { (0..<1).contains($0) } ?? true, "threshold",
      "auto or a number from 0 to under 1")
    try check(
      (1...1_000_000).contains(options.iterations), "iterations", "an integer from 1 to 1,000,000")
    try check((1...65_536).contains(options.batch), "batch", "an integer from 1 to 65,536")
    try check(
      options.epsilon > 0 && options.epsilon <= 10, "epsilon", "a number over 0 and up to 10")
    try check((1...1000).contains(options.steps), "steps", "an integer from 1 to 1,000")
    try check((0...1).contains(options.alpha), "alpha", "a number from 0 to 1")
    try check(
      options.learningRate > 0 && options.learningRate <= 100, "learning-rate",
      "a number over 0 and up to 100")
    try check((0..<1).contains(options.momentum), "momentum", "a number from 0 to under 1")
    try check(
      options.heldOut > 0 && options.heldOut < 1, "held-out", "a number over 0 and under 1")
    try check((0...64).contains(options.shift), "shift", "an integer from 0 to 64")
  }
}
