public import DefenseKit

extension TriggerUnlearning {
  /// The options of ``TriggerUnlearning``.
  public struct Options: PluginOptions {
    /// The verdict whose triggers are unlearned, by its name; "none" if only ``triggers`` are.
    public var verdict: String
    /// Paths of trigger files to unlearn too; nil: none.
    public var triggers: [String]?
    /// The maximum number of rounds, 1 to 6.
    public var rounds: Int
    /// The number of steps of a round, 1 to 10,000.
    public var steps: Int
    /// Adam's learning rate at the start of a round, over 0 and up to 1.
    public var learningRate: Double
    /// The number of clean images in a step, 1 to 4,096.
    public var batch: Int
    /// The number of triggered images in a step, 1 to 4,096.
    public var triggered: Int
    /// How far a triggered image's target class must stay behind, in mean clean margins, 0 to 100.
    public var margin: Double
    /// The fitness, whatever its size, of the student's best trigger below which nothing is left to
    /// unlearn.
    public var residual: Double
    /// The weight of the images' labels in the loss, 0 to 100.
    public var labels: Double
    /// The maximum loss of agreement with the suspect on held-out clean images, in percentage
    /// points, 0 to 100.
    public var drop: Double
    /// The share of the clean images that are not learned from, over 0 and up to 0.9.
    public var heldOut: Double
    /// The maximum shift of an image in each direction, in pixels, 0 to 64; nil: 1 for each 25
    /// pixels of the shorter side, rounded.
    public var shift: Int?
    /// Whether half of the images are mirrored, left to right.
    public var flip: Bool

    /// Creates options with all defaults.
    public init() {
      verdict = "occluder-search"
      triggers = nil
      rounds = 6
      steps = 400
      learningRate = 5e-4
      batch = 40
      triggered = 24
      margin = 5
      residual = 1
      labels = 0
      drop = 10
      heldOut = 0.1
      shift = nil
      flip = true
    }

    /// The declarations of all options.
    public static var declarations: [PluginOption<Options>] {
      [
        PluginOption(
          "verdict", \.verdict, "The verdict whose triggers are unlearned; none for files alone."),
        PluginOption(
          "triggers", \.triggers, "Trigger files to unlearn too, separated by commas; auto is none."
        ),
        PluginOption("rounds", \.rounds, "Rounds of searching and unlearning at most, 1 to 6."),
        PluginOption("steps", \.steps, "Steps of a round, 1 to 10,000."),
        PluginOption(
          "learning-rate", \.learningRate, "Adam's rate at the start, over 0 and up to 1."),
        PluginOption("batch", \.batch, "Clean images in a step, 1 to 4,096."),
        PluginOption("triggered", \.triggered, "Triggered images in a step, 1 to 4,096."),
        PluginOption(
          "margin", \.margin,
          "How far the target class must stay behind, in mean clean margins, 0 to 100."),
        PluginOption(
          "residual", \.residual,
          "The fitness of the best trigger left below which the rounds end, from 0."),
        PluginOption(
          "labels", \.labels, "The weight of the images' labels, 0 to 100; 0 needs none."),
        PluginOption(
          "drop", \.drop,
          "The most agreement with the suspect that a round may cost, in points, 0 to 100."),
        PluginOption(
          "held-out", \.heldOut,
          "The share of the clean images that is not learned from, over 0 and up to 0.9."),
        PluginOption(
          "shift", \.shift,
          "Images are shifted by up to so many pixels at random, 0 to 64; auto is 1 for each 25."),
        PluginOption("flip", \.flip, "Whether half of the images are mirrored, left for right."),
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
    try check(!options.verdict.isEmpty, "verdict", "the name of a verdict, or none")
    try check(
      options.verdict != "none" || options.triggers != nil, "verdict",
      "the name of a verdict unless \(name).triggers names files")
    try check(
      options.triggers.map { !$0.isEmpty && !$0.contains("") } ?? true, "triggers",
      "paths of trigger files, or auto")
    try check((1...6).contains(options.rounds), "rounds", "an integer from 1 to 6")
    try check((1...10_000).contains(options.steps), "steps", "an integer from 1 to 10,000")
    try check(
      options.learningRate > 0 && options.learningRate <= 1, "learning-rate",
      "a number over 0 and up to 1")
    try check((1...4096).contains(options.batch), "batch", "an integer from 1 to 4,096")
    try check((1...4096).contains(options.triggered), "triggered", "an integer from 1 to 4,096")
    try check((0...100).contains(options.margin), "margin", "a number from 0 to 100")
    try check(options.residual >= 0, "residual", "a number from 0, such as 0.5")
    try check((0...100).contains(options.labels), "labels", "a number from 0 to 100")
    try check((0...100).contains(options.drop), "drop", "a number from 0 to 100")
    try check(
      options.heldOut > 0 && options.heldOut <= 0.9, "held-out", "a share over 0 and up to 0.9")
    try check(
      options.shift.map { (0...64).contains($0) } ?? true, "shift", "an integer from 0 to 64")
  }
}
