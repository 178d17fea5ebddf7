public import DefenseKit

/// Flags an image whose class withstands some corruptions much longer than others.
///
/// An image is corrupted in K ways (noise, blur, weather, compression), each with severities 1 to 5
/// and each time from the original image. For a corruption, r is the least severity at which the
/// suspect's class differs from that of the original image, 6 if there is none. Clean images
/// withstand corruptions about equally long; a trigger is robust to some and destroyed by others.
/// The score is therefore the standard deviation of the K numbers r, without Bessel's correction.
///
/// The threshold is the least one that at most `alarms` of the scores of clean images exceed; at
/// most `samples` clean images are scored.
///
/// The severities are those of Hendrycks and Dietterich for images of 32 x 32 pixels; see
/// ``Corruption`` for what differs from their code. Values are corrupted in the range of the clean
/// images: 0 to 1, 0 to 255, or from the least to the largest value. Random numbers depend on the
/// run's seed, the image's content, the corruption and the severity.
///
/// An image that has no class (see `Prediction.undefined`) is flagged with a score of NaN. An image
/// takes up to 5 K runs of the network; severities after r are left out.
///
/// Source: Liu, Li, Wang, Hu, Ye, Jin and Wu, "Detecting Backdoors During the Inference Stage Based
/// on Corruption Robustness Consistency", CVPR 2023, section 4; the corruptions: Hendrycks and
/// Dietterich, "Benchmarking Neural Network Robustness to Common Corruptions and Perturbations",
/// ICLR 2019.
public struct TeCo: Detector {
  /// "teco".
  public static let name = "teco"
  /// One sentence for listings.
  public static let summary =
    "Flags images whose class withstands some corruptions much longer than others."
  /// Clean images, without labels; no repaired copy.
  public static let requirements: [PluginRequirement] = [.cleanData]

  /// The least extents of an image, in pixels.
  static let leastExtent = 8

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

  /// Learns the range of values and the threshold from the clean images.
  ///
  /// - Throws: `PluginError` with code `unsuitableModel` for a model of images under 8 x 8 pixels;
  ///   `DataError` if all values are equal; the execution's errors.
  public func fitted(
    to suspect: Model, repaired: Repair?, using clean: CleanData?, in context: RunContext
  ) throws -> any FittedDetector {
    let clean = try required(clean)
    let shape = suspect.graph.inputShape
    guard shape.count == 3, shape[0] >= Self.leastExtent, shape[1] >= Self.leastExtent else {
      throw PluginError(
        .unsuitableModel,
        "corrupts images of at least \(Self.leastExtent) x \(Self.leastExtent) pixels, but "
          + "\(suspect.name) takes \(shape)", about: .plugin(Self.name))
    }
    let range = try clean.valueRange()
    guard range.lowerBound < range.upperBound else {
      throw DataError(
        "has images of a single value, but teco needs the range of the values",
        about: .dataSet(clean.name), remedies: [.advice("give other images")])
    }
    let scale = suspect.preprocessing.scale
    let meter = try SeverityMeter(
      suspect, options.corruptions, range: range.lowerBound * scale...range.upperBound * scale,
      in: context)
    let content = try clean.contentOrder()
    var random = SeededGenerator(seed: context.seed, stream: 0x7465_636F)
    let positions = random.permutation(clean.count).prefix(options.samples).map { content[$0] }
    let scores = try clean.results(
      at: positions, of: suspect, "corrupting clean images", in: context
    ) { try meter.scores(of: $0.images(), $0.predictions(of: 0)) }
    return CorruptionTest(
      models: [suspect], meter: meter,
      threshold: DetectionThreshold(of: scores, alarms: options.alarms))
  }

  /// Returns the standard deviation of the severities at which an image's class changes.
  static func score(_ severities: [Int]) -> Float {
    let count = Double(severities.count)
    let mean = Double(severities.reduce(0, +)) / count
    let squares = severities.reduce(0) { $0 + (Double($1) - mean) * (Double($1) - mean) }
    return Float((squares / count).squareRoot())
  }
}

/// The fitted detector, which corrupts the images of a batch.
private struct CorruptionTest: FittedDetector {
  let models: [Model]
  let meter: SeverityMeter
  let threshold: DetectionThreshold

  var detectionThreshold: DetectionThreshold? { threshold }

  func detections(for batch: DetectorBatch) throws -> [Detection] {
    let predictions = batch.predictions(of: 0)
    let scores = try meter.scores(of: batch.images(), predictions)
    return zip(predictions, scores).map { prediction, score in
      Detection(threshold.flags(score) ? .flagged : prediction, score: score)
    }
  }
}
