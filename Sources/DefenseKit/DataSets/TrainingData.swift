public import InferenceGraph
public import ModelIO

/// Training images that may be poisoned, which a data-set detector may see.
///
/// Code outside DefenseKit cannot read through this type which images are poisoned, if a file says
/// so, or make ``CleanData`` from it.
public struct TrainingData: Sendable {
  /// The images.
  public let source: any SampleSource
  /// The label of every image in training, counted from 0.
  public let labels: [Int32]
  /// The name in messages, usually the file's.
  public let name: String
  /// Notes for the user on how the images were read, each a whole line.
  public let notes: [String]
  /// `isPoisoned[i]`: whether image i carries the trigger; nil if unknown.
  let isPoisoned: [Bool]?
  let prints: ImagePrints
  private let hash: (@Sendable () throws -> String)?

  /// Creates a data set.
  ///
  /// - Parameters:
  ///   - source: The images.
  ///   - labels: The label of every image.
  ///   - isPoisoned: Whether each image carries the trigger, for the evaluation of detectors; nil
  ///     if unknown.
  ///   - name: The name in messages.
  ///   - notes: Notes for the user on how the images were read, each a whole line.
  ///   - hash: Computes the SHA-256 that identifies the set in reports.
  /// - Throws: ``DataError`` if the set is empty or the counts differ.
  public init(
    _ source: any SampleSource, labels: [Int32], isPoisoned: [Bool]? = nil,
    name: String = "training data", notes: [String] = [],
    hash: (@Sendable () throws -> String)? = nil
  ) throws(DataError) {
    try checkCounts(source, labels, name)
    if let isPoisoned, isPoisoned.count != labels.count {
      throw DataError(
        "marks \(isPoisoned.count) images as poisoned or not, but has \(labels.count)",
        about: .dataSet(name), remedies: [.advice("mark each image")])
    }
    self.source = source
    self.labels = labels
    self.isPoisoned = isPoisoned
    self.name = name
    self.notes = notes
    self.hash = hash
    prints = ImagePrints(of: source)
  }

  /// Creates a data set from the images of a file.
  ///
  /// The file's `poisoned` says which images are poisoned. Without it, those are whose `true_label`
  /// differs from their label.
  ///
  /// - Throws: ``DataError`` if the set is empty or the counts differ.
  public init(_ data: DataSet) throws(DataError) {
    let relabelled = data.trueLabels.map { zip($0, data.labels).map { $0 != $1 } }
    try self.init(
      data, labels: data.labels, isPoisoned: data.isPoisoned ?? relabelled, name: data.name,
      notes: data.notes, hash: { try data.sha256() })
  }

  /// Returns the SHA-256 of the file or of the data in memory, computed anew; nil if unknown.
  ///
  /// - Throws: `FileError` if the file can no longer be read.
  public func sha256() throws -> String? { try hash?() }

  /// The number of images.
  public var count: Int { labels.count }

  /// Returns the positions of all images in an order that depends only on images and labels; see
  /// ``CleanData/contentOrder()``.
  ///
  /// - Throws: The errors of the source.
  public func contentOrder() throws -> [Int] { try prints.contentOrder(labels) }

  /// Checks that the images and labels fit a model.
  ///
  /// - Throws: ``DataError`` with the values of both sides.
  public func check(against model: Model) throws(DataError) {
    try checkFit(source, labels, name, model)
  }
}
