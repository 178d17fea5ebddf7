public import DefenseKit

/// Flags an image if the suspect predicts the same class whatever is blended into it.
///
/// A trigger determines the class alone, even with any clean image laid over it, whereas the
/// content of a clean image is lost under another one. For an image x and N clean images x_i,
///
///     x'_i = alpha * x + beta * x_i
///     H(x) = -(1/N) * sum over i and over the classes c of p_c(x'_i) * log2 p_c(x'_i),
///
/// and x is flagged if H(x) is under a threshold; the score is -H(x), in bits. Images are blended
/// as network inputs, after the model's input scale, and nothing is clipped: with the defaults
/// N = 100 and alpha = beta = 1 a blend is the sum of both. An image that has no class (see
/// `Prediction.undefined`), alone or under some overlay, is flagged with a score of NaN.
///
/// The threshold comes from the entropies of n clean images. By default it is the j-th smallest of
/// these, j = floor(alarms * (n + 1)): a clean image of the same kind is under it with a
/// probability of at most `alarms`, whatever the entropies' distribution. With `threshold=normal`
/// it is mean + z * deviation, with z the quantile of the normal distribution, as in the paper.
///
/// The run's seed splits the clean images: half of them, at most 2,000, are for the threshold; of
/// the rest at most 2,000, or as many as fit in 256 MiB as floats, are overlays. The overlays of an
/// image are drawn with replacement, by its content and the seed, so that its answer does not
/// depend on its position.
///
/// Source: Gao, Xu, Wang, Chen, Ranasinghe and Nepal, "STRIP: A Defence Against Trojan Attacks on
/// Deep Neural Networks", ACSAC 2019, sections 4 and 5; defaults and the sum of images from the
/// authors' notebook.
public struct STRIP: Detector {
  /// "strip".
  public static let name = "strip"
  /// One sentence for listings.
  public static let summary =
    "Flags images whose class does not change when clean images are blended in."
  /// Clean images; no repaired copy.
  public static let requirements: [PluginRequirement] = [.cleanData]

  /// The maximum number of clean images for the threshold, and of overlays.
  static let maximumImages = 2_000
  /// The maximum number of floats in all overlays.
  static let maximumFloats = 1 << 26

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

  /// Learns the threshold from the clean images.
  ///
  /// - Throws: `DataError` for fewer than two clean images; `PluginError` with code
  ///   `unsuitableModel` if the suspect gives none of them a class; the execution's errors.
  public func fitted(
    to suspect: Model, repaired: Repair?, using clean: CleanData?, in context: RunContext
  ) throws -> any FittedDetector {
    let clean = try required(clean)
    let (measured, overlays) = try split(clean, of: suspect, seed: context.seed)
    let meter = try meter(for: suspect, overlays, of: clean, in: context)
    let entropies = try clean.results(
      at: measured, of: suspect, "entropy of clean images", in: context
    ) { try meter.entropies(of: $0.images()) }
    return EntropyTest(
      models: [suspect], meter: meter, threshold: try threshold(entropies, of: clean, in: context))
  }

  /// Reads the overlays and prepares the network.
  func meter(
    for suspect: Model, _ positions: [Int], of clean: CleanData, in context: RunContext
  ) throws -> EntropyMeter {
    let overlays = try clean.results(at: positions, of: suspect, "overlays", in: context) {
      $0.images()
    }
    return try EntropyMeter(suspect, overlays: overlays, options, in: context)
  }

  /// Returns the answer for an image with this prediction and entropy.
  static func detection(
    prediction: Prediction, entropy: Double, threshold: Double
  ) -> Detection {
    guard prediction != .undefined, !entropy.isNaN else {
      return Detection(.flagged, score: .nan)
    }
    return Detection(entropy < threshold ? .flagged : prediction, score: Float(-entropy))
  }

  /// Returns the threshold for the clean entropies, and warns the user about unusable ones.
  private func threshold(
    _ entropies: [Double], of clean: CleanData, in context: RunContext
  ) throws(PluginError) -> Double {
    let known = entropies.filter { !$0.isNaN }
    guard !known.isEmpty else {
      throw PluginError(
        .unsuitableModel,
        "cannot measure any image of \(clean.name) blended with another: values of the network are "
          + "NaN or infinite", about: .plugin(Self.name), remedies: [.check("preprocessing.scale")])
    }
    if known.count < entropies.count {
      context.warn(
        "strip: no class for \(entropies.count - known.count) of \(entropies.count) blended clean "
          + "images: the model computed NaN or infinite values; the threshold ignores them")
    }
    let threshold = Self.threshold(known, alarms: options.alarms, by: options.threshold)
    if threshold == -.infinity {
      let least = Self.leastCount(alarms: options.alarms)
      let more = least > Self.maximumImages ? "" : "give at least \(2 * least) clean images, or "
      context.warn(
        "strip: with \(known.count) clean images, strip.alarms=\(options.alarms.optionText) allows "
          + "no alarm, so no image will be flagged; \(more)raise strip.alarms or set "
          + "strip.threshold=normal")
    }
    return threshold
  }
}

/// The fitted detector, which compares entropies with the threshold batch by batch.
private struct EntropyTest: FittedDetector {
  let models: [Model]
  let meter: EntropyMeter
  let threshold: Double

  func detections(for batch: DetectorBatch) throws -> [Detection] {
    let entropies = try meter.entropies(of: batch.images())
    return zip(batch.predictions(of: 0), entropies).map { prediction, entropy in
      STRIP.detection(prediction: prediction, entropy: entropy, threshold: threshold)
    }
  }
}
