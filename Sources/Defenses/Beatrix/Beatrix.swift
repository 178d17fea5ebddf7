public import DefenseKit

/// Flags an image whose inner features correlate unlike those of clean images of the same class.
///
/// F is the feature map of an inner layer, channels x pixels. For the orders p = 1...P, with powers
/// and roots of single elements and the sign kept by the root,
///
///     G_p = (F^p (F^p)^T)^(1/p)
///
/// are the Gram matrices, whose upper triangles are the entries v of an image. For each class and
/// entry, clean images that the suspect assigns to the class give the median and the median absolute
/// deviation (MAD, without a factor), and with them the range
///
///     low = median - k * MAD,   high = median + k * MAD.
///
/// The score of an image is its mean deviation from the ranges of its predicted class,
///
///     1/n * sum over the n entries of
///       max(0, low - v) / |low + 1e-6| + max(0, v - high) / |high + 1e-6|.
///
/// The defaults P = 8, k = 10 and 30 images a class are the published ones. A class with fewer than
/// 10 clean images has no ranges, so that its images get no verdict.
///
/// The threshold comes from clean images that did not make the ranges: those of each class are
/// divided into 5 parts, and each part is scored by the ranges of the others. The scores of all
/// classes together give the threshold that at most `alarms` of them exceed. Images of a group are
/// in the same part.
///
/// The layer is the input of the last stage, `Graph.lastStageInput`.
///
/// Source: Ma, Wang, Sun, Yang and Wang, "The 'Beatrix' Resurrections: Robust Backdoor Detection via
/// Gram Matrices", NDSS 2023, sections IV and V. There the deviations are summed.
public struct Beatrix: Detector {
  /// "beatrix".
  public static let name = "beatrix"
  /// One sentence for listings.
  public static let summary =
    "Flags images whose inner features correlate unlike those of clean images of their class."
  /// Clean images, without labels; no repaired copy.
  public static let requirements: [PluginRequirement] = [.cleanData, .images(leastImages)]

  /// The least number of clean images of a class, two for each part that is held out.
  static let leastImages = 2 * foldCount
  /// The number of parts of a class's images.
  static let foldCount = 5

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

  /// Learns the ranges of each class and the threshold from the clean images.
  ///
  /// - Throws: `PluginError` with code `unsuitableModel` for a model without a convolution or whose
  ///   values are not finite, and with code `badOption` for a layer without a feature map; `DataError`
  ///   if no class has enough clean images; the execution's errors.
  public func fitted(
    to suspect: Model, repaired: Repair?, using clean: CleanData?, in context: RunContext
  ) throws -> any FittedDetector {
    let clean = try required(clean)
    let layer = try layer(of: suspect)
    let members = try members(of: clean, by: suspect, in: context)
    let gram = GramMatrices(channels: layer.channels, orders: options.orders)
    let (ranges, scores) = try ranges(
      from: members, of: clean, by: suspect, at: layer.name, gram, in: context)
    return GramTest(
      models: [suspect], observations: [(0, layer.name)], gram: gram, ranges: ranges,
      threshold: DetectionThreshold(of: scores, alarms: options.alarms))
  }

  /// Returns the answer for an image.
  ///
  /// - Parameters:
  ///   - prediction: The suspect's.
  ///   - score: The deviation from the ranges of that class; nil if the class has none.
  static func detection(
    _ prediction: Prediction, score: Float?, threshold: DetectionThreshold
  ) -> Detection {
    guard prediction != .undefined else { return Detection(.flagged, score: .nan) }
    guard let score else { return .noVerdict }
    return Detection(threshold.flags(score) ? .flagged : prediction, score: score)
  }
}

/// The fitted detector, which scores the feature maps of a batch.
private struct GramTest: FittedDetector {
  let models: [Model]
  let observations: [(model: Int, node: String)]
  let gram: GramMatrices
  /// The ranges of each class; nil for a class with too few clean images.
  let ranges: [EntryRanges?]
  let threshold: DetectionThreshold

  var detectionThreshold: DetectionThreshold? { threshold }

  func detections(for batch: DetectorBatch) -> [Detection] {
    let features = batch.values(ofObservation: 0)
    let size = features.count / batch.indices.count
    return batch.predictions(of: 0).enumerated().map { image, prediction in
      var score: Float?
      if case .class(let number) = prediction, let ranges = ranges[number] {
        score = ranges.deviation(
          of: gram.entries(of: features[image * size..<(image + 1) * size]))
      }
      return Beatrix.detection(prediction, score: score, threshold: threshold)
    }
  }
}
