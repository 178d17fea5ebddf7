public import DefenseKit
private import Foundation

/// Finds labels whose representations are a mixture of two groups, and drops the group that is not
/// the label's own: SCAn, statistical contamination analysis.
///
/// A representation is r = mu + e, with mu ~ N(0, Sm) the same for all images of a class and
/// e ~ N(0, Se) of the image. Sm and Se are fitted to clean images. In the metric F = Se^-1 the n
/// images of each label are divided in two groups by 2-means, and
///
///     J = 1/n [sum (r - mu)^T F (r - mu) - sum over groups of sum (r - m_j)^T F (r - m_j)]
///
/// compares one group with two. Here m_j is the mean of group j, and mu that of a single group:
/// the posterior mean Sm (n Sm + Se)^-1 sum r. The index of a label is
///
///     J* = (J - median J) / (1.4826 MAD),
///
/// over all labels; labels with an index over e^2 are contaminated. In a contaminated label the
/// group whose mean is farther from that of the label's clean images is dropped; without such
/// images the smaller group.
///
/// The authors' program has Se in place of the first factor Sm of mu, so that mu tends to 0 as n
/// grows and J measures how far a class lies from the mean of all. The option `statistic=published`
/// computes that, with its index |J*|.
///
/// Before the fit, representations are projected to the principal directions of the training
/// images. A thousandth of its mean variance is added to the diagonal of Se, so that directions in
/// which clean images do not vary stay within bounds.
///
/// An image's score is max(J*, 0) / (1 + exp(-t)), with t half the difference of its squared
/// distances to the means of the two groups, positive for the one that would be dropped.
///
/// Source: Tang, Wang, Tang and Zhang, "Demon in the Variant: Statistical Analysis of DNNs for
/// Robust Backdoor Contamination Detection", USENIX Security 2021, section 4.
public struct Contamination: DataSetDetector {
  /// "contamination".
  public static let name = "contamination"
  /// One sentence for listings.
  public static let summary =
    "Drops the foreign group of labels whose representations are a mixture of two groups (SCAn)."
  /// The training set, clean images with labels, and three classes to compare.
  public static let requirements: [PluginRequirement] = [.trainingData, .labels, .classes(3)]

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
  /// An image whose representation is not finite has a score of NaN and enters no group. Labels
  /// with fewer than 4 images have no index and score 0. With fewer than three indices there is no
  /// verdict: all scores are 0, and nothing is said about dropping.
  ///
  /// - Throws: `PluginError` with code `unsuitableModel` for a model without a layer to read, and
  ///   with code `badOption` for a layer that does not exist or has too many values, or for too few
  ///   clean images; the execution's errors.
  public func scores(
    of training: TrainingData, model: Model, using clean: CleanData?, in context: RunContext
  ) throws -> DataSetScores {
    let clean = try required(clean)
    let layer = try RepresentationLayer(options.layer, of: model, for: Self.name)
    var known: [RepresentationLayer.Group] = []
    try layer.forEachLabel(of: clean, in: context) { known.append($0) }
    let pairs = known.count { $0.images.count >= 2 }
    guard pairs >= 2 else {
      throw PluginError(
        .badOption,
        "needs clean images of at least two classes, two of each, and \(clean.name) has "
          + "\(pairs) such \(pairs == 1 ? "class" : "classes")",
        about: .plugin(Self.name), remedies: [.give("more", for: "clean")])
    }
    var groups: [RepresentationLayer.Group] = []
    try layer.forEachLabel(of: training, in: context) { groups.append($0) }
    var scores = [Double](repeating: .nan, count: training.count)
    for image in groups.flatMap(\.images) { scores[image] = 0 }
    let analyses = try analyses(of: groups, besides: known, in: context)
    guard analyses.count >= 3 else {
      context.warn(
        "contamination: no verdict on \(training.name), because fewer than three labels have four "
          + "images with different representations")
      return DataSetScores(scores: scores)
    }
    let indices = Self.indices(of: analyses.map(\.statistic))
    var dropped: [Int] = []
    for (analysis, index) in zip(analyses, indices) {
      let group = groups[analysis.group]
      for (image, lead) in zip(group.images, analysis.leads) {
        scores[image] = max(index, 0) / (1 + exp(-lead))
      }
      let isContaminated =
        switch options.statistic {
        case .corrected: index > options.threshold
        case .published: abs(index) > options.threshold
        }
      if isContaminated {
        dropped += zip(group.images, analysis.leads).filter { $0.1 > 0 }.map(\.0)
      }
    }
    return DataSetScores(scores: scores, dropped: dropped.sorted())
  }

  /// Returns the analyses of all labels with at least four images.
  private func analyses(
    of groups: [RepresentationLayer.Group], besides known: [RepresentationLayer.Group],
    in context: RunContext
  ) throws -> [LabelAnalysis] {
    let count = groups.reduce(0) { $0 + $1.images.count }
    guard count > 0 else { return [] }
    let components = PrincipalComponents(
      of: groups.flatMap(\.rows), count: count, most: options.components)
    guard !components.variances.isEmpty else { return [] }
    let clean = known.map { components.projections(of: $0.rows) }
    let model = try TwoComponentModel(of: clean) { try context.checkCancellation() }
    var means: [Int32: [Double]] = [:]
    for (group, points) in zip(known, clean) where points.rows > 0 {
      means[group.label] = model.white(points).meanRow()
    }
    return try groups.indices.filter { groups[$0].images.count >= 4 }.map { index in
      try context.checkCancellation()
      let points = model.white(components.projections(of: groups[index].rows))
      return LabelAnalysis(
        of: points, model, options.statistic, cleanMean: means[groups[index].label],
        group: index)
    }
  }

  /// Returns (J - median) / (1.4826 MAD) of each statistic.
  static func indices(of statistics: [Double]) -> [Double] {
    func median(_ values: [Double]) -> Double {
      let sorted = values.sorted()
      return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
    }
    let middle = median(statistics)
    let deviation = 1.4826 * median(statistics.map { abs($0 - middle) })
    // Equal statistics have no deviation to compare with.
    let least = max(1e-9 * abs(middle), .leastNormalMagnitude)
    return statistics.map { ($0 - middle) / max(deviation, least) }
  }
}
