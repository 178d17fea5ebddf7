public import DefenseKit

/// Flags an image that in some layers is far from the clean images of the class that it gets.
///
/// In every layer the clean images nearest to a clean image mostly are of its class. A triggered
/// image begins near those of the class it shows and moves to the target class on the way. For an
/// image x of class c and a layer l, clean images are ordered by the Euclidean distance of their
/// outputs of l from that of x, and
///
///     r_l = the number of clean images nearer than the nearest one of class c.
///
/// The ranks of clean images, each compared with all others, have a mean m and a covariance C; the
/// score of x is (r - m)' C^-1 (r - m), the sum over all principal components of the squared
/// component divided by its variance. The layers are convolutions other than 1x1, rectifiers and
/// dense layers, and outputs are compared by random projections, which the run's seed determines.
///
/// Only clean images count whose class the suspect gets right, at most ``Options/samples``, which
/// the seed draws. If there is none of an image's class, the detector has no verdict on it. An image
/// without a class (see `Prediction.undefined`), or with infinite distances, is flagged with a score
/// of NaN. The threshold is the smallest that at most a share `alarms` of the clean images exceeds.
///
/// The authors' code takes the score of a library's outlier test, which adds distances from the
/// components instead of squares along them, and keeps whole outputs.
///
/// Source: Mo, Zhang, Zhang, Luo, Sun, Hu, Gao and Xiang, "Robust Backdoor Detection for Deep
/// Learning via Topological Evolution Dynamics", IEEE Symposium on Security and Privacy 2024.
public struct TED: Detector {
  /// "ted".
  public static let name = "ted"
  /// One sentence for listings.
  public static let summary =
    "Flags images that are far from the clean images of their class in some layers."
  /// Labelled clean images; no repaired copy.
  public static let requirements: [PluginRequirement] = [.cleanData, .labels]

  /// The options of this detector.
  public let options: Options

  /// Creates the detector with all defaults.
  public init() { options = Options() }

  /// Creates the detector.
  ///
  /// - Throws: `PluginError` if an option is out of range.
  public init(options: Options) throws(PluginError) {
    try Self.check(options)
    self.options = options
  }

  /// Ranks the clean images and sets the threshold on them.
  ///
  /// Warns about classes of the suspect without a clean image.
  ///
  /// - Throws: `PluginError` with code `unsuitableModel` for a network without the layers, or if
  ///   fewer than two clean images have another of their class; the execution's errors.
  public func fitted(
    to suspect: Model, repaired: Repair?, using clean: CleanData?, in context: RunContext
  ) throws -> any FittedDetector {
    let clean = try required(clean)
    let layers = suspect.graph.observedLayers
    guard !layers.isEmpty else {
      throw PluginError(
        .unsuitableModel,
        "compares the outputs of convolutions, rectifiers and dense layers, and this network has none",
        about: .plugin(Self.name))
    }
    let sketches = try layers.enumerated().map { number, name in
      LayerSketch(
        elements: try suspect.graph.outputCount(of: name), dimensions: options.dimensions,
        seed: context.seed, layer: number)
    }
    let references = try references(
      of: suspect, layers, sketches, in: clean,
      at: clean.drawn(options.samples, seed: context.seed), context)
    let ranks = try cleanRanks(in: references, in: context)
    guard ranks.count >= 2 else {
      throw PluginError(
        .unsuitableModel,
        "needs 2 clean images that the model classifies correctly and that have another of their "
          + "class, but \(clean.name) has \(ranks.count)", about: .plugin(Self.name),
        remedies: [.advice("give more clean images of each class")])
    }
    let distribution = RankDistribution(of: ranks)
    let detections = ranks.map {
      Detection(.class(0), score: Float(distribution.deviation(of: $0)))
    }
    return RankTest(
      models: [suspect], observations: layers.map { (0, $0) }, sketches: sketches,
      references: references, distribution: distribution,
      threshold: try DetectionThreshold(
        of: detections, of: clean, alarms: options.alarms, for: Self.name, in: context))
  }
}

extension Graph {
  /// The number of elements of a node's output.
  fileprivate func outputCount(of name: String) throws(GraphError) -> Int {
    guard let index = index(of: name) else {
      throw GraphError(node: name, "the model has no layer of this name")
    }
    return nodes[index].elementCount
  }
}
