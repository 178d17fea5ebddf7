public import DefenseKit

extension MMBD {
  /// The options of ``MMBD``.
  public struct Options: PluginOptions {
    /// The number of random images that the search for a class starts from, 1 to 1,000; nil: 10,
    /// fewer for more than 40 classes, 2 from 200 on.
    public var starts: Int?
    /// The number of steps of the search, 1 to 100,000.
    public var steps: Int
    /// Adam's learning rate, in units of the range of the images' values.
    public var learningRate: Double
    /// The distribution of the margins of an honest network; nil: exponential for fewer than 30
    /// classes, else gamma.
    public var null: NullDistribution?
    /// The p-value under which a model counts as backdoored.
    public var significance: Double
    /// The smallest and the largest value of an image, in the units of a data set (before the
    /// model's input scale); nil: those of the clean images, 0 and 255 without them.
    public var range: [Double]?

    /// Creates options with all defaults.
    public init() {
      starts = nil
      steps = 50
      learningRate = 0.05
      null = nil
      significance = 0.05
      range = nil
    }

    /// The declarations of all options.
    public static var declarations: [PluginOption<Options>] {
      [
        PluginOption(
          "starts", \.starts,
          "Random images to start from for each class, 1 to 1,000; auto: 10, fewer for many classes."
        ),
        PluginOption("steps", \.steps, "Steps of the search for each image, 1 to 100,000."),
        PluginOption(
          "learning-rate", \.learningRate,
          "Learning rate of Adam in units of the range, over 0 and up to 1."),
        PluginOption(
          "null", \.null,
          "Distribution fitted to the margins of the other classes; auto: exponential for fewer than 30."
        ),
        PluginOption(
          "significance", \.significance,
          "The p-value under which a model counts as backdoored, over 0 and under 1."),
        PluginOption(
          "range", \.range,
          "Smallest and largest value of an image; auto: those of clean images, else 0,255."
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
    try check(
      options.starts.map { (1...1000).contains($0) } ?? true, "starts",
      "an integer from 1 to 1,000, or auto")
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
