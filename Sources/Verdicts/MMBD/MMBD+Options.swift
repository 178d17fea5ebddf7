public import DefenseKit

extension MMBD {
  /// The options of ``MMBD``.
  public struct Options: PluginOptions {
    /// The number of random images that the search for a class starts from, 1 to 1,000.
    public var starts: Int
    /// The number of steps of the search, 1 to 100,000.
    public var steps: Int
    /// Adam's learning rate, in units of the range of the images' values.
    public var learningRate: Double
    /// The distribution of the margins of an honest network.
    public var null: NullDistribution
    /// The p-value under which a model counts as backdoored.
    public var significance: Double
    /// The smallest and the largest value of an image, in the units of a data set; nil: those of
    /// the clean images, without them 0...255 if the network scales its input down, else 0...1.
    public var range: [Double]?

    /// Creates options with all defaults.
    public init() {
      starts = 10
      steps = 100
      learningRate = 0.05
      null = .gamma
      significance = 0.05
      range = nil
    }

    /// The declarations of all options.
    public static var declarations: [PluginOption<Options>] {
      [
        PluginOption("starts", \.starts, "Random images to start from for each class, 1 to 1,000."),
        PluginOption("steps", \.steps, "Steps of the search for each image, 1 to 100,000."),
        PluginOption(
          "learning-rate", \.learningRate,
          "Learning rate of Adam in units of the range, over 0 and up to 1."),
        PluginOption("null", \.null, "Distribution fitted to the margins of the other classes."),
        PluginOption(
          "significance", \.significance,
          "The p-value under which a model counts as backdoored, over 0 and under 1."),
        PluginOption(
          "range", \.range,
          "Smallest and largest value of an image; auto: those of the clean images, if there are none 0,255 for a network that scales its input down, else 0,1."
        ),
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
    try check((1...1000).contains(options.starts), "starts", "an integer from 1 to 1,000")
    try check((1...100_000).contains(options.steps), "steps", "an integer from 1 to 100,000")
    try check(
      options.learningRate > 0 && options.learningRate <= 1, "learning-rate",
      "a number over 0 and up to 1")
    try check(
      options.significance > 0 && options.significance < 1, "significance",
      "a number over 0 and under 1, such as 0.05")
    if let range = options.range {
      try check(
        range.count == 2 && range[0] < range[1] && range.allSatisfy { abs($0) <= 1e6 }, "range",
        "two numbers up to 1,000,000, the smaller one first, such as 0,255, or auto")
    }
  }
}
