public import DefenseKit

/// Flags an image if copies of the suspect with amplified normalizations are as sure of its class.
///
/// Amplifying the features of the last layers soon takes clean images to another class, while a
/// trigger's class stays. A copy multiplies gamma and beta of the suspect's last batch
/// normalizations by ω. With k the smallest number of them that takes the error on clean images
/// over ξ, the n copies F_j amplify the last k, k + 1, ..., k + n - 1, and
///
///     PSC(x) = 1/n * sum over j of p_j(c | x), c = f(x),
///
/// the mean probability that they give the suspect's class, 0 to 1, is the score. Normalizations
/// are ordered by the longest path from the input. If the network has fewer than k + n - 1, there
/// are fewer copies; if no k takes the error over ξ, the copies begin with the k of the largest
/// error, with a warning.
///
/// The threshold is by default the smallest that at most a share `alarms` of clean images exceeds.
/// With `threshold=published` images with PSC(x) >= 0.9 are flagged. An image that has no class
/// (see `Prediction.undefined`), from the suspect or a copy, is flagged with a score of NaN.
///
/// Only layers behind the first amplified normalization are computed for each copy. Networks
/// without batch normalization are refused.
///
/// Source: Hou, Feng, Hua, Luo, Zhang and Li, "IBD-PSC: Input-level Backdoor Detection via
/// Parameter-oriented Scaling Consistency", ICML 2024.
public struct IBDPSC: Detector {
  /// "ibd-psc".
  public static let name = "ibd-psc"
  /// One sentence for listings.
  public static let summary =
    "Flags images whose class stays sure when normalizations are amplified."
  /// Labelled clean images and batch normalization; no repaired copy.
  public static let requirements: [PluginRequirement] = [.cleanData, .labels, .batchNormalization]

  /// The maximum number of clean images for k and the threshold.
  static let maximumImages = 2_000

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

  /// Chooses k and sets the threshold on clean images, at most 2,000 that the run's seed draws.
  ///
  /// - Throws: `PluginError` with code `unsuitableModel` for a network without batch normalization
  ///   or one that gives no clean image a class; `GraphError` if an amplified weight is not finite;
  ///   the execution's errors.
  public func fitted(
    to suspect: Model, repaired: Repair?, using clean: CleanData?, in context: RunContext
  ) throws -> any FittedDetector {
    let clean = try required(clean)
    let count = suspect.graph.normalizations.count
    guard count > 0 else {
      throw PluginError(
        .unsuitableModel, "needs batch normalization, which this network lacks",
        about: .plugin(Self.name))
    }
    let positions = try clean.drawn(Self.maximumImages, seed: context.seed)
    let first = try first(for: suspect, on: clean, at: positions, in: context)
    let copies = try (first..<min(count + 1, first + options.copies)).map {
      try copy(of: suspect, amplifyingLast: $0)
    }
    var fitted = AmplifiedConsistency(models: [suspect] + copies)
    fitted.detectionThreshold = try fitted.threshold(
      on: clean, at: positions, alarms: options.alarms,
      published: options.threshold == .published ? 0.9 : nil, for: Self.name, in: context)
    return fitted
  }
}
