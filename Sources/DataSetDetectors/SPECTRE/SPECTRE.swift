public import DefenseKit

/// Whitens the representations of each label by robust statistics, in which poisoned images then
/// stand out, and drops those with the largest quantum entropy scores.
///
/// For each label, with the representations projected to their top k principal directions,
///
/// 1. the mean and covariance of the clean images are estimated by a filter (Diakonikolas et al.
///    2017), which ignores up to 2 epsilon of the images, and all images are whitened by them;
/// 2. with S the covariance of the whitened representations h and |S| its largest eigenvalue, the
///    scores are
///
///        tau = h^T Q h / tr Q,    Q = exp(alpha (S - I) / (|S| - 1)),    alpha = 4,
///
///    with the exponential of the matrix, not of its elements;
/// 3. of k = 1, 4, 9, ..., 100 the one with the largest tr(S Q) / tr Q is taken.
///
/// The label with the largest such value counts as the target, and its 1.5 epsilon images with the
/// largest scores are dropped, where epsilon is the assumed maximum number of poisoned images in
/// the label. A k of more than half the number of images is left out, because a covariance cannot
/// be estimated then.
///
/// Source: Hayase, Kong, Somani and Oh, "SPECTRE: Defending Against Backdoor Attacks Using Robust
/// Statistics", ICML 2021, algorithms 1 to 3.
public struct SPECTRE: DataSetDetector {
  /// "spectre".
  public static let name = "spectre"
  /// One sentence for listings.
  public static let summary =
    "Drops training images that stand out of their label's representations, whitened by robust "
    + "statistics."

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

  /// Scores the images label by label.
  ///
  /// An image whose representation is not finite has a score of NaN and does not enter the
  /// statistics. All images of a label with fewer than 4 images, or whose representations are all
  /// equal, have score 0.
  ///
  /// - Throws: `PluginError` with code `unsuitableModel` for a model without a layer to read, and
  ///   with code `badOption` for a layer that does not exist or has too many values; the
  ///   execution's errors.
  public func scores(
    of training: TrainingData, model: Model, using clean: CleanData?, in context: RunContext
  ) throws -> DataSetScores {
    let layer = try RepresentationLayer(options.layer, of: model, for: Self.name)
    var scores = [Double](repeating: .nan, count: training.count)
    var found: [(value: Double, dropped: [Int])] = []
    try layer.forEachLabel(of: training, in: context) { group in
      let count = group.images.count
      let entropy = try entropy(of: group.rows, count: count, in: context)
      let values = entropy?.scores ?? Array(repeating: 0, count: count)
      for (image, value) in zip(group.images, values) { scores[image] = value }
      let drops = min(count, Int((1.5 * options.share * Double(group.count)).rounded()))
      // Images with equal scores are ordered by content.
      let order = values.indices.sorted { (values[$0], $1) > (values[$1], $0) }
      found.append((entropy?.value ?? 0, order.prefix(drops).map { group.images[$0] }))
    }
    if options.labels == .target {
      let largest = found.map(\.value).max() ?? 0
      found = found.first { $0.value == largest }.map { [$0] } ?? []
    }
    return DataSetScores(scores: scores, dropped: found.flatMap(\.dropped).sorted())
  }

  /// Returns the quantum entropy of the best number of directions; nil for too few or equal rows.
  func entropy(of rows: [Float], count: Int, in context: RunContext) throws -> QuantumEntropy? {
    guard count >= 4 else { return nil }
    let components = PrincipalComponents(of: rows, count: count, most: options.components)
    let points = components.projections(of: rows)
    var best: QuantumEntropy?
    for k in Self.numbersOfDirections(upTo: options.components)
    where k <= points.columns && 2 * k <= count {
      try context.checkCancellation()
      let part = points.prefix(columns: k)
      let statistics = RobustStatistics(of: part, share: options.share)
      let entropy = QuantumEntropy(of: statistics.whitened(part), alpha: options.alpha)
      if entropy.value > best?.value ?? -.infinity { best = entropy }
    }
    return best
  }

  /// Ten numbers from 1 to `most` whose roots are equally spaced, without repetitions.
  static func numbersOfDirections(upTo most: Int) -> [Int] {
    let root = Double(most).squareRoot()
    let numbers = (0..<10).map { step in
      let value = 1 + (root - 1) * Double(step) / 9
      return Int((value * value).rounded())
    }
    return numbers.indices.filter { $0 == 0 || numbers[$0] > numbers[$0 - 1] }.map { numbers[$0] }
  }
}
