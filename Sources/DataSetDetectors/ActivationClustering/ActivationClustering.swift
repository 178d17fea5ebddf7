public import DefenseKit

/// Divides the representations of each label in two clusters and drops a suspicious one.
///
/// Poisoned images reach their label through another part of the network than clean ones, so that a
/// label with poisoned images has two clusters. For each label, the representations (the values of
/// the penultimate layer) are reduced to 10 components and divided by 2-means. With the rule
///
/// - `relative-size`, the smaller cluster is poisoned if it has less than 35 % of the images;
/// - `silhouette`, if the mean silhouette of the clusters exceeds 0.1;
/// - `smaller`, it always is.
///
/// Independent components of n numbers are a rotation of the n principal components scaled to a
/// variance of 1 (Hyvärinen and Oja 2000). 2-means does not depend on rotations, so the rotation is
/// left out, and no random start with it.
///
/// An image's score is (d1 - d2) / max(d1, d2), with d1 and d2 the distances to the mean of the
/// larger and of the smaller cluster, less 1 in labels without a poisoned cluster: it is over 0 for
/// dropped images only.
///
/// Source: Chen, Carvalho, Baracaldo, Ludwig, Edwards, Lee, Molloy and Srivastava, "Detecting
/// Backdoor Attacks on Deep Neural Networks by Activation Clustering", SafeAI 2019, sections 4 and
/// 5; retraining without a cluster (exclusionary reclassification) is not implemented.
public struct ActivationClustering: DataSetDetector {
  /// "activation-clustering".
  public static let name = "activation-clustering"
  /// One sentence for listings.
  public static let summary =
    "Drops the smaller of two clusters of a label's representations, if it looks poisoned."

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
  /// An image whose representation is not finite has a score of NaN and enters no cluster. All
  /// images of a label with fewer than 3 images, or whose representations are all equal, have
  /// score -1.
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
      guard let clusters = Clusters(of: group.rows, count: group.images.count, options) else {
        for image in group.images { scores[image] = -1 }
        return
      }
      for (image, score) in zip(group.images, clusters.scores) { scores[image] = score }
      if clusters.isPoisoned {
        dropped += zip(group.images, clusters.means.isSecond).filter(\.1).map(\.0)
      }
    }
    return DataSetScores(scores: scores, dropped: dropped.sorted())
  }
}
