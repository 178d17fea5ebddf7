public import DefenseKit

/// Flags an image if the suspect predicts the same class for much brighter copies of it.
///
/// Multiplying all pixel values soon takes a clean image to another class, while many triggers
/// still decide the class. For an image x, the suspect's class f and factors S,
///
///     SPC(x) = share of n in S with f(clip(n * x)) = f(x),
///
/// the scaled prediction consistency, 0 to 1, which is the score. Pixel values are multiplied
/// before the model's input scale and clipped to their range: 0 to 1 or 0 to 255 if no clean image
/// leaves it, else the range of the clean images (see `CleanData.valueRange()`).
///
/// The threshold is by default the smallest that at most a share `alarms` of clean images exceeds.
/// With `threshold=published` images with SPC(x) >= 0.5 are flagged. An image that has no class
/// (see `Prediction.undefined`), or of which a copy has none, is flagged with a score of NaN.
///
/// A trigger of saturated pixels on a bright image is not seen: brighter copies are white all over.
///
/// The factors of the authors' program are 1 to 11, with noise; the defaults 3, 5, 7, 9 and 11 without noise are
/// those of later implementations. Its variant with clean images subtracts a class's mean SPC and
/// divides by its deviation; the quantile takes that place here.
///
/// Source: Guo, Li, Chen, Guo, Sun and Liu, "SCALE-UP: An Efficient Black-box Input-level Backdoor
/// Detection via Analyzing Scaled Prediction Consistency", ICLR 2023.
public struct ScaleUp: Detector {
  /// "scale-up".
  public static let name = "scale-up"
  /// One sentence for listings.
  public static let summary = "Flags images whose class does not change when they are brightened."
  /// Clean images; no labels and no repaired copy.
  public static let requirements: [PluginRequirement] = [.cleanData]

  /// The maximum number of clean images for the threshold.
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

  /// Sets the threshold on clean images, at most 2,000 that the run's seed draws.
  ///
  /// Warns if so many clean images keep their class in every copy that none can be flagged.
  ///
  /// - Throws: `PluginError` with code `unsuitableModel` if the suspect gives no clean image a
  ///   class; the execution's errors.
  public func fitted(
    to suspect: Model, repaired: Repair?, using clean: CleanData?, in context: RunContext
  ) throws -> any FittedDetector {
    let clean = try required(clean)
    var fitted = try ScaledConsistency(
      suspect, factors: options.factors, range: clean.valueRange(), in: context)
    let threshold = try fitted.threshold(
      on: clean, at: clean.drawn(Self.maximumImages, seed: context.seed), alarms: options.alarms,
      published: options.threshold == .published ? 0.5 : nil, for: Self.name, in: context)
    if threshold.value >= 1 {
      context.warn(
        "scale-up: a share of over scale-up.alarms=\(options.alarms.optionText) of the clean images "
          + "keeps its class in every copy, so only images without a class will be flagged; raise "
          + "scale-up.alarms or set scale-up.threshold=published")
    }
    fitted.detectionThreshold = threshold
    return fitted
  }
}
