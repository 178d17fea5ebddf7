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
    let layer = try layer(of: model)
    let size = layer.size
    let executor = try Executor([model], observing: [(0, layer.name)], options: context.execution)
    var positions: [Int32: [Int]] = [:]
    for position in try training.contentOrder() {
      positions[training.labels[position], default: []].append(position)
    }
    var scores = [Double](repeating: 0, count: training.count)
    var dropped: [Int] = []
    var broken = 0
    try context.phase("representations", images: training.count) { progress in
      var done = 0
      for label in positions.keys.sorted() {
        try context.checkCancellation()
        let images = positions[label] ?? []
        guard images.count <= Self.maximumValues / size else {
          throw PluginError(
            option: "layer", of: Self.name,
            "takes a later layer: '\(layer.name)' has \(size) values for each image, too many for "
              + "the \(images.count) images of label \(label)")
        }
        let before = done
        var rows = try executor.observations(of: Subset(of: training.source, images)) {
          progress(before + $0)
        }[0]
        let finite = images.indices.filter { row in
          rows[row * size..<(row + 1) * size].allSatisfy(\.isFinite)
        }
        broken += images.count - finite.count
        for position in images { scores[position] = .nan }
        if finite.count < images.count {
          rows = finite.flatMap { rows[$0 * size..<($0 + 1) * size] }
        }
        let values = Self.signatures(of: rows, count: finite.count)
        for (row, value) in zip(finite, values) { scores[images[row]] = value }
        let count = min(images.count, Int((1.5 * options.share * Double(images.count)).rounded()))
        // Images with equal scores are ordered by content; those without a score come last.
        let order = images.indices.sorted { a, b in
          let (x, y) = (scores[images[a]], scores[images[b]])
          return (x.isNaN ? -1 : x, b) > (y.isNaN ? -1 : y, a)
        }
        dropped += order.prefix(count).map { images[$0] }
        done += images.count
      }
    }
    if broken > 0 {
      context.warn(
        "spectral-signatures: the representations of \(broken) of \(training.count) images of "
          + "\(training.name) are NaN or infinite; these images get no score")
    }
    context.count(run: Double(training.count), alone: Double(training.count))
    return DataSetScores(scores: scores, dropped: dropped.sorted())
  }

  /// Returns the layer whose values are the representation, and the number of its values.
  private func layer(of model: Model) throws(PluginError) -> (name: String, size: Int) {
    func node(_ name: String) -> Graph.Node? { model.graph.nodes.first { $0.name == name } }
    if let name = options.layer {
      guard let node = node(name) else {
        throw PluginError(
          option: "layer", of: Self.name,
          "takes a layer of the model, not '\(name)'; inspect the model for the names")
      }
      return (name, node.elementCount)
    }
    guard let name = model.graph.representation, let node = node(name) else {
      throw PluginError(
        .unsuitableModel,
        "reads the layer before the classifier, but \(model.name) has none",
        about: .plugin(Self.name), remedies: [.advice("name a layer as spectral-signatures.layer")])
    }
    return (name, node.elementCount)
  }

  /// The maximum number of values of all images of one label, 4 GiB.
  private static let maximumValues = 1 << 30
}
