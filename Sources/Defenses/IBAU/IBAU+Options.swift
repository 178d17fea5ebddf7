public import DefenseKit

extension IBAU {
  /// The options of ``IBAU``.
  public struct Options: PluginOptions {
    /// The number of rounds; each searches a perturbation and trains for an epoch.
    public var rounds: Int
    /// The number of images in a step.
    public var batch: Int
    /// The learning rate of the weights (Adam).
    public var learningRate: Double
    /// The learning rate of the perturbation (gradient ascent, pixels from 0 to 1).
    public var searchRate: Double
    /// The weight of the perturbation's squared L2 norm in the inner loss.
    public var penalty: Double
    /// The largest L2 norm of the perturbation, for pixels from 0 to 1.
    public var radius: Double
    /// The number of fixed-point iterations, K.
    public var iterations: Int
    /// The step of the inner map that is differentiated implicitly.
    public var innerStep: Double
    /// The share of a batch that gets the perturbation; at least one image does.
    public var patched: Double
    /// The share of the clean images that is held out to evaluate the result.
    public var heldOut: Double

    /// Creates options with all defaults.
    public init() {
      rounds = 5
      batch = 100
      learningRate = 1e-3
      searchRate = 10
      penalty = 1e-3
      radius = 10
      iterations = 5
      innerStep = 0.1
      patched = 0.01
      heldOut = 0.1
    }

    /// The declarations of all options.
    public static var declarations: [PluginOption<Options>] {
      [
        PluginOption(
          "rounds", \.rounds, "Rounds of searching a perturbation and unlearning it, 1 to 10,000."),
        PluginOption("batch", \.batch, "Batch size, 1 to 20,000."),
        PluginOption(
          "learning-rate", \.learningRate, "Learning rate of the weights, over 0 and up to 100."),
        PluginOption(
          "search-rate", \.searchRate,
          "Learning rate of the perturbation, for pixels from 0 to 1; over 0 and up to 10,000."),
        PluginOption(
          "penalty", \.penalty, "Weight of the perturbation's squared norm, 0 to 100."),
        PluginOption(
          "radius", \.radius,
          "Largest L2 norm of the perturbation, for pixels from 0 to 1; over 0 and up to 10,000."),
        PluginOption(
          "iterations", \.iterations, "Fixed-point iterations of the hypergradient, 1 to 1,000."),
        PluginOption(
          "inner-step", \.innerStep,
          "Step of the inner map that is differentiated, over 0 and up to 100."),
        PluginOption(
          "patched", \.patched,
          "Share of a batch that gets the perturbation, over 0 and up to 1; at least one image."),
        PluginOption(
          "held-out", \.heldOut,
          "Share of the clean images held out to evaluate the result, 0 to under 1."),
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
    try check((1...10_000).contains(options.rounds), "rounds", "an integer from 1 to 10,000")
    try check((1...20_000).contains(options.batch), "batch", "an integer from 1 to 20,000")
    try check(
      positive(options.learningRate, 100), "learning-rate", "a number over 0 and up to 100")
    try check(
      positive(options.searchRate, 10_000), "search-rate", "a number over 0 and up to 10,000")
    try check((0...100).contains(options.penalty), "penalty", "a number from 0 to 100")
    try check(positive(options.radius, 10_000), "radius", "a number over 0 and up to 10,000")
    try check((1...1000).contains(options.iterations), "iterations", "an integer from 1 to 1,000")
    try check(positive(options.innerStep, 100), "inner-step", "a number over 0 and up to 100")
    try check(positive(options.patched, 1), "patched", "a number over 0 and up to 1")
    try check((0..<1).contains(options.heldOut), "held-out", "a number from 0 to under 1")
  }

  /// Returns the number of images of a batch that get the perturbation.
  static func patchedCount(of images: Int, share: Double) -> Int {
    min(images, max(1, Int((share * Double(images)).rounded())))
  }
}
