public import DefenseKit

/// Finds a class with larger weights in the classifier head than the others.
///
/// A starting point, and a baseline. A class's score is the L2 norm of its weights in the last
/// dense layer; the statistic is the largest score divided by the median.
public struct PluginName: ModelScanner {
  /// The options of ``PluginName``.
  public struct Options: PluginOptions {
    /// The statistic above which a model counts as backdoored.
    public var threshold = 1.5

    /// Creates options with all defaults.
    public init() {}

    /// The declarations of all options.
    public static var declarations: [PluginOption<Options>] {
      [
        PluginOption(
          "threshold", \.threshold,
          "Statistic above which a model counts as backdoored, over 1.")
      ]
    }
  }

  /// "plugin-name".
  public static let name = "plugin-name"
  /// One sentence for listings.
  public static let summary =
    "Finds a class with larger classifier weights than the others."
  /// Three classes, as fewer have no median beside the largest.
  public static let requirements: [PluginRequirement] = [.classes(3)]
  /// The options it was made with.
  public let options: Options

  /// Creates the verdict.
  ///
  /// - Throws: `PluginError` if `threshold` isn't over 1.
  public init(options: Options) throws(PluginError) {
    guard options.threshold > 1 else {
      throw PluginError(option: "threshold", of: Self.name, "takes a number over 1")
    }
    self.options = options
  }

  /// Compares the classes' weights.
  ///
  /// - Throws: `PluginError` if the model does not end in a dense layer, `CancellationError` if the run
  ///   is to stop.
  public func scan(
    _ model: Model, using clean: CleanData?, in context: RunContext
  ) throws -> ModelVerdict {
    try context.checkCancellation()
    let dense = model.graph.nodes.reversed().lazy.compactMap { node -> Dense? in
      if case .dense(let dense) = node.operation { dense } else { nil }
    }.first
    guard let dense, dense.kernel.shape[1] == model.classCount else {
      throw PluginError(
        .unsuitableModel, "needs a dense layer at the end", about: .plugin(Self.name),
        remedies: [.advice("choose another verdict")])
    }
    // The class is the kernel's last axis, the fastest.
    var norms = Array(repeating: 0.0, count: model.classCount)
    for (position, weight) in dense.kernel.values.enumerated() {
      norms[position % model.classCount] += Double(weight) * Double(weight)
    }
    norms = norms.map { $0.squareRoot() }
    let sorted = norms.sorted()
    let (largest, median) = (sorted[sorted.count - 1], sorted[sorted.count / 2])
    return ModelVerdict(
      statistic: median > 0 ? largest / median : largest > 0 ? .infinity : 1,
      threshold: options.threshold, classScores: norms,
      measure: "norm of the class's weights in the classifier head")
  }
}
