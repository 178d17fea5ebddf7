public import DefenseKit

extension FreeEagle {
  /// The options of ``FreeEagle``.
  public struct Options: PluginOptions {
    /// The layer after which the network is cut; nil for the middle one, if possible of those that
    /// end in a rectifier.
    public var layer: String?
    /// The number of descent steps for each embedding.
    public var steps: Int
    /// Adam's learning rate.
    public var learningRate: Double
    /// Weight decay of the embeddings.
    public var decay: Double
    /// The statistic above which a model counts as backdoored.
    public var threshold: Double

    /// Creates options with all defaults.
    public init() {
      layer = nil
      steps = 1000
      learningRate = 0.01
      decay = 0.005
      threshold = 3
    }

    /// The declarations of all options.
    public static var declarations: [PluginOption<Options>] {
      [
        PluginOption(
          "layer", \.layer,
          "Layer after which the network is cut; auto: the middle one of those that end in a "
            + "rectifier."
        ),
        PluginOption("steps", \.steps, "Steps of gradient descent for each class, 1 to 100,000."),
        PluginOption(
          "learning-rate", \.learningRate, "Learning rate of Adam, over 0 and up to 10."),
        PluginOption("decay", \.decay, "Weight decay of the embeddings, 0 to 1."),
        PluginOption(
          "threshold", \.threshold, "Statistic above which a model counts as backdoored."),
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
    try check((1...100_000).contains(options.steps), "steps", "an integer from 1 to 100,000")
    try check(
      options.learningRate > 0 && options.learningRate <= 10, "learning-rate",
      "a number over 0 and up to 10")
    try check((0...1).contains(options.decay), "decay", "a number from 0 to 1")
    try check(options.threshold > 0, "threshold", "a number over 0, such as 3")
  }
}
