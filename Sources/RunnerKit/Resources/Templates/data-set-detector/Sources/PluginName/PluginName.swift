public import DefenseKit

/// Scores training images by the model's confidence in their labels.
///
/// A starting point, and a baseline: a model often learns poisoned images best.
public struct PluginName: DataSetDetector {
  /// The options of ``PluginName``.
  public struct Options: PluginOptions {
    /// The share of images to drop.
    public var share = 0.1

    /// Creates options with all defaults.
    public init() {}

    /// The declarations of all options.
    public static var declarations: [PluginOption<Options>] {
      [PluginOption("share", \.share, "Share of images to drop, 0 to 1.")]
    }
  }

  /// "plugin-name".
  public static let name = "plugin-name"
  /// One sentence for listings.
  public static let summary =
    "Drops the training images whose label the model predicts most confidently."
  /// The options it was made with.
  public let options: Options

  /// Creates the detector.
  ///
  /// - Throws: `PluginError` if `share` isn't from 0 to 1.
  public init(options: Options) throws(PluginError) {
    guard (0...1).contains(options.share) else {
      throw PluginError(option: "share", of: Self.name, "takes a number from 0 to 1")
    }
    self.options = options
  }

  /// Scores each image independently.
  ///
  /// - Throws: What the execution throws.
  public func scores(
    of training: TrainingData, model: Model, using clean: CleanData?, in context: RunContext
  ) throws -> DataSetScores {
    let output = model.graph.nodes[model.graph.output].name
    let executor = try Executor([model], observing: [(0, output)], options: context.execution)
    let outputs = try context.phase("outputs", images: training.count) { progress in
      try executor.observations(of: training.source, progress: progress)[0]
    }
    let scores = training.labels.indices.map { image in
      Double(outputs[image * model.classCount + Int(training.labels[image])])
    }
    // Of equal scores the first by content, so that the order of the set does not matter.
    let order = try training.contentOrder().enumerated().sorted { a, b in
      let (x, y) = (scores[a.element], scores[b.element])
      return (x.isNaN ? -.infinity : x, b.offset) > (y.isNaN ? -.infinity : y, a.offset)
    }
    let count = Int(options.share * Double(training.count))
    return DataSetScores(scores: scores, dropped: order.prefix(count).map(\.element).sorted())
  }
}
