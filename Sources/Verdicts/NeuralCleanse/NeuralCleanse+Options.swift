public import DefenseKit

extension NeuralCleanse {
  /// The options of ``NeuralCleanse``.
  public struct Options: PluginOptions {
    /// The most classes that triggers are searched for, 3 to 100,000. Of more classes, those that
    /// random occluders lead to most often.
    public var classes: Int
    /// The most steps of a search, 1 to 100,000.
    public var steps: Int
    /// The number of batches in a step, 1 to 10,000.
    public var batches: Int
    /// The number of images in a batch, 1 to 4,096.
    public var batch: Int
    /// Adam's learning rate, over 0 and up to 10.
    public var learningRate: Double
    /// The first weight of the mask's size over 0, up to 1000.
    public var cost: Double
    /// The factor by which the weight rises, over 1 and up to 100; it falls by its power of 1.5.
    public var factor: Double
    /// The number of steps that must agree before the weight changes, 1 to 1,000.
    public var patience: Int
    /// The share of images that a trigger must lead to the class, over 0 and up to 1.
    public var success: Double
    /// The anomaly index above which a class is held to be a target.
    public var threshold: Double

    /// Creates options with all defaults.
    public init() {
      classes = 50
      steps = 100
      batches = 8
      batch = 32
      learningRate = 0.1
      cost = 0.001
      factor = 2
      patience = 5
      success = 0.99
      threshold = 2
    }

    /// The declarations of all options.
    public static var declarations: [PluginOption<Options>] {
      [
        PluginOption(
          "classes", \.classes,
          "Classes that triggers are searched for at most, 3 to 100,000; of more, those that random "
            + "occluders lead to."),
        PluginOption("steps", \.steps, "Steps of a search at most, 1 to 100,000."),
        PluginOption("batches", \.batches, "Batches in a step, 1 to 10,000."),
        PluginOption("batch", \.batch, "Images in a batch, 1 to 4,096."),
        PluginOption("learning-rate", \.learningRate, "Adam's rate, over 0 and up to 10."),
        PluginOption(
          "cost", \.cost, "First weight of the mask's size over 0 in the loss, up to 1,000."),
        PluginOption(
          "factor", \.factor, "Factor by which the weight rises, over 1 and up to 100."),
        PluginOption(
          "patience", \.patience, "Steps that must agree before the weight changes, 1 to 1,000."),
        PluginOption(
          "success", \.success,
          "Share of images that a trigger must lead to the class, over 0 and up to 1."),
        PluginOption(
          "threshold", \.threshold, "Anomaly index above which a class is held to be a target."),
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
    try check((3...100_000).contains(options.classes), "classes", "an integer from 3 to 100,000")
    try check((1...100_000).contains(options.steps), "steps", "an integer from 1 to 100,000")
    try check((1...10_000).contains(options.batches), "batches", "an integer from 1 to 10,000")
    try check((1...4096).contains(options.batch), "batch", "an integer from 1 to 4,096")
    try check(
      options.learningRate > 0 && options.learningRate <= 10, "learning-rate",
      "a number over 0 and up to 10")
    try check(
      options.cost > 0 && options.cost <= 1000, "cost", "a number over 0 and up to 1,000")
    try check(
      options.factor > 1 && options.factor <= 100, "factor", "a number over 1 and up to 100")
    try check((1...1000).contains(options.patience), "patience", "an integer from 1 to 1,000")
    try check(
      options.success > 0 && options.success <= 1, "success", "a number over 0 and up to 1")
    try check(options.threshold > 0, "threshold", "a number over 0, such as 2")
  }
}
