public import DefenseKit

/// Flags an image whose most salient region, pasted on clean images, carries its class along.
///
/// A gradient marks the pixels that speak most for the class that the suspect gives an image. That
/// region is pasted on N clean images, which yields
///
/// - fooled: the share of them that get the image's class;
/// - confidence: the mean largest softmax score with noise in the region instead of its content.
///
/// The region of a trigger fools the suspect although it covers little, so that noise in it leaves
/// the confidence high. Clean images bound what is ordinary: for each bin of confidences, 0.02 wide,
/// the point with the largest fooled counts, and a parabola is fitted to these by least squares. The
/// score of an image is fooled minus the parabola at its confidence, which is limited to the range of
/// the fitted points.
///
/// The map is max(0, sum over the channels of g_k * A_k), enlarged bilinearly, where A_k is the
/// feature map and g_k the gradient of the class's logit with respect to it; with `map=grad-cam` each
/// g_k is replaced by its mean over the pixels. Both are the same up to a factor before a global
/// average; before dense layers, which tell places apart, the mean misses triggers. The region is the
/// `share` of all pixels with the largest positive values. An image whose map is nowhere positive has
/// no region, and gets no verdict. The layer is the input of the last stage, `Graph.lastStageInput`,
/// whose pixels are smaller than those of the last convolution.
///
/// The run's seed splits the clean images: at most N, but not over half, to paste on; of the rest, at
/// most `samples`, one half for the parabola and the other for the threshold, which at most `alarms`
/// of them exceed. The noise is uniform in the range of the clean images; it depends on the image's
/// content and the seed. An image takes 2 N runs of the network and one gradient.
///
/// Source: Chou, Tramèr and Pellegrino, "SentiNet: Detecting Localized Universal Attacks Against
/// Deep Learning Systems", IEEE Security and Privacy Workshops 2020, sections III and IV. There the
/// map is Grad-CAM of the last convolution, the distance is the shortest one to the curve, not the vertical one, and several
/// proposed classes refine the region.
public struct SentiNet: Detector {
  /// "sentinet".
  public static let name = "sentinet"
  /// One sentence for listings.
  public static let summary =
    "Flags images whose most salient region, pasted on clean images, carries their class along."
  /// Clean images, without labels; no repaired copy.
  public static let requirements: [PluginRequirement] = [.cleanData, .images(20)]

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

  /// Learns the curve and the threshold from the clean images.
  ///
  /// - Throws: `PluginError` with code `unsuitableModel` for a model without a convolution or whose
  ///   clean images have no salient region, and with code `badOption` for a layer that the network
  ///   cannot be cut at; the execution's errors.
  public func fitted(
    to suspect: Model, repaired: Repair?, using clean: CleanData?, in context: RunContext
  ) throws -> any FittedDetector {
    let clean = try required(clean)
    let layer = try layer(of: suspect)
    let (carriers, inputs) = try split(clean, seed: context.seed)
    let map = try SalienceMap(suspect, at: layer, share: options.share, options.map, in: context)
    let images = try clean.results(
      at: carriers, of: suspect, "images to paste on", in: context
    ) { $0.images() }
    let range = try clean.valueRange()
    let scale = suspect.preprocessing.scale
    let meter = try PasteMeter(
      suspect, carriers: images,
      range: range.lowerBound * scale...range.upperBound * scale, in: context)
    let points = try clean.results(
      at: inputs, of: suspect, observing: [layer], "pasting regions", in: context
    ) { batch in
      let predictions = batch.predictions(of: 0)
      let regions = try map.regions(of: batch.values(ofObservation: 0), predictions)
      return try meter.points(of: batch.images(), regions, predictions)
    }
    let half = points.count / 2
    let curve = try curve(points[..<half].compactMap { $0 }, of: clean)
    let scores = points[half...].compactMap { $0 }.map { curve.score($0) }
    guard !scores.isEmpty else { throw Self.noRegions(in: clean) }
    return PasteTest(
      models: [suspect], observations: [(0, layer)], map: map, meter: meter, curve: curve,
      threshold: DetectionThreshold(of: scores, alarms: options.alarms))
  }

  private func curve(_ points: [PastePoint], of clean: CleanData) throws(PluginError) -> FooledCurve
  {
    guard let curve = FooledCurve(through: points) else { throw Self.noRegions(in: clean) }
    return curve
  }

  private static func noRegions(in clean: CleanData) -> PluginError {
    PluginError(
      .unsuitableModel,
      "found no region that speaks for the class in half of the images of \(clean.name)",
      about: .plugin(name), remedies: [.set("layer", of: name, to: ["another one"])])
  }

  /// Returns the positions of the images to paste on and of those to measure; the two are disjoint.
  ///
  /// - Throws: `PluginError` with code `tooFewGroups` for images of one group; the errors of reading
  ///   them.
  func split(_ clean: CleanData, seed: UInt64) throws -> (carriers: [Int], inputs: [Int]) {
    let content = try clean.contentOrder()
    var random = SeededGenerator(seed: seed, stream: 0x7365_6E74_69)
    let count = min(options.images, clean.count / 2)
    let (carriers, inputs) = try clean.split(
      random.permutation(clean.count), holdingOut: count, for: Self.name)
    return (
      carriers.prefix(options.images).map { content[$0] },
      inputs.prefix(options.samples).map { content[$0] }
    )
  }
}

/// The fitted detector, which pastes the regions of a batch.
private struct PasteTest: FittedDetector {
  let models: [Model]
  let observations: [(model: Int, node: String)]
  let map: SalienceMap
  let meter: PasteMeter
  let curve: FooledCurve
  let threshold: DetectionThreshold

  var detectionThreshold: DetectionThreshold? { threshold }

  func detections(for batch: DetectorBatch) throws -> [Detection] {
    let predictions = batch.predictions(of: 0)
    let regions = try map.regions(of: batch.values(ofObservation: 0), predictions)
    let points = try meter.points(of: batch.images(), regions, predictions)
    return zip(predictions, points).map { prediction, point in
      guard prediction != .undefined else { return Detection(.flagged, score: .nan) }
      guard let point else { return .noVerdict }
      let score = curve.score(point)
      return Detection(threshold.flags(score) ? .flagged : prediction, score: score)
    }
  }
}
