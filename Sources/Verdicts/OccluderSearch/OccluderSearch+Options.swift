public import DefenseKit

extension OccluderSearch {
  /// The options of ``OccluderSearch``.
  public struct Options: PluginOptions {
    /// The number of random triggers of the census, 100 to 1,000,000.
    public var census: Int
    /// The number of classes, those with the most flips, that triggers are evolved for, 1 to 1,000.
    public var shortlist: Int
    /// The number of generations of an evolution, 1 to 1,000.
    public var generations: Int
    /// How often the whole search is repeated for the four fittest classes, 0 to 100.
    public var repeats: Int
    /// What is subtracted from the fitness of a trigger for each share of the image that it
    /// changes, 0 to 100.
    public var penalty: Double
    /// The lead over all other classes above which classes are held to be targets, over 0.
    public var threshold: Double
    /// The number of images that may pass the network, from 1,000; nil: no limit. A search that
    /// reaches it ends early and says so.
    public var passes: Int?

    /// Creates options with all defaults.
    public init() {
      census = 20_000
      shortlist = 10
      generations = 10
      repeats = 2
      penalty = 12
      threshold = 1
      passes = nil
    }

    /// The declarations of all options.
    public static var declarations: [PluginOption<Options>] {
      [
        PluginOption("census", \.census, "Random triggers of the census, 100 to 1,000,000."),
        PluginOption(
          "shortlist", \.shortlist,
          "Classes with the most flips that triggers are evolved for, 1 to 1,000."),
        PluginOption("generations", \.generations, "Generations of an evolution, 1 to 1,000."),
        PluginOption(
          "repeats", \.repeats,
          "Further searches, from a new census, for the four fittest classes, 0 to 100."),
        PluginOption(
          "penalty", \.penalty,
          "What a trigger of the whole image costs in units of fitness, 0 to 100."),
        PluginOption(
          "threshold", \.threshold,
          "The lead in fitness over all other classes above which classes are held to be targets."),
        PluginOption(
          "passes", \.passes,
          "Images that may pass the network before the search is cut short, from 1,000; auto is no limit."
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
      (100...1_000_000).contains(options.census), "census", "an integer from 100 to 1,000,000")
    try check(
      (1...1000).contains(options.shortlist), "shortlist", "an integer from 1 to 1,000")
    try check(
      (1...1000).contains(options.generations), "generations", "an integer from 1 to 1,000")
    try check((0...100).contains(options.repeats), "repeats", "an integer from 0 to 100")
    try check((0...100).contains(options.penalty), "penalty", "a number from 0 to 100")
    try check(options.threshold > 0, "threshold", "a number over 0, such as 1")
    try check(
      options.passes.map { $0 >= 1000 } ?? true, "passes", "an integer from 1,000, or auto")
  }
}
