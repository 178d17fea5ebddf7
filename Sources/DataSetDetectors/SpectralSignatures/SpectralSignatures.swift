public import DefenseKit

/// Scores training images by how far their representations lie along the direction in which those
/// of their label vary most.
///
/// For each label, with R(x) the representation of image x (the values of the penultimate layer)
/// and M the matrix of rows R(x) - mean R, an image's score is
///
///     tau(x) = ((R(x) - mean R) . v)^2,
///
/// with v the top right singular vector of M. If a label has clean and poisoned images whose mean
/// representations differ, v separates them. For each label, the 1.5 epsilon images with the
/// largest scores are dropped, where epsilon is the assumed maximum number of poisoned images in
/// the label.
///
/// Source: Tran, Li and Madry, "Spectral Signatures in Backdoor Attacks", NeurIPS 2018,
/// algorithm 1.
public struct SpectralSignatures: DataSetDetector {
  /// "spectral-signatures".
  public static let name = "spectral-signatures"
  /// One sentence for listings.
  public static let summary =
    "Drops training images that lie far along the top singular vector of their label's "
    + "representations."

  /// The options of this detector.
  public let options: Options

  /// Creates the detector with all defaults.
  public init() { options = Options() }

  /// Creates the detector.
  ///
  /// - Throws: `PluginError` if an option is out of range.
  public init(options: Options) throws(PluginError) {
    guard options.share > 0, options.share <= 1 else {
      throw PluginError(
        option: "share", of: Self.name, "takes a share over 0 and up to 1, such as 0.1")
    }
    self.options = options
  }

  /// Scores the images label by label.
  ///
  /// An image whose representation is not finite has a score of NaN and does not enter the others'
  /// mean and direction. The only image of a label has score 0.
  ///
  /// - Throws: `PluginError` with code `unsuitableModel` for a model without a layer to read, and
  ///   with code `badOption` for a layer that does not exist or has too many values; the
  ///   execution's errors.
  public func scores(
    of training: TrainingData, model: Model, using clean: CleanData?, in context: RunContext
  ) throws -> DataSetScores {
    let layer = try RepresentationLayer(options.layer, of: model, for: Self.name)
    var scores = [Double](repeating: .nan, count: training.count)
    var dropped: [Int] = []
    try layer.forEachLabel(of: training, in: context) { group in
      let values = Self.signatures(of: group.rows, count: group.images.count)
      for (image, value) in zip(group.images, values) { scores[image] = value }
      let count = min(group.count, Int((1.5 * options.share * Double(group.count)).rounded()))
      // Images with equal scores are ordered by content; those without a score come last.
      let order = group.images.indices.sorted { (values[$0], $1) > (values[$1], $0) }
      dropped += (order.map { group.images[$0] } + group.broken).prefix(count)
    }
    return DataSetScores(scores: scores, dropped: dropped.sorted())
  }
}
