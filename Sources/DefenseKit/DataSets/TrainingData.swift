public import InferenceGraph
public import ModelIO

/// Training images that may be poisoned: what a data-set detector may see.
///
/// Which of them are, where a file tells it, cannot be read through this type from outside DefenseKit,
/// and ``CleanData`` cannot be made from it.
public struct TrainingData: Sendable {
  /// The images.
  public let source: any SampleSource
  /// The label that is learnt for every image.
  public let labels: [Int32]
  /// A name for messages, such as the file's.
  public let name: String
  /// What to tell about how the images were read, in whole lines.
  public let notes: [String]
  /// `isPoisoned[i]`: whether image i carries the trigger; nil if that is not known.
  let isPoisoned: [Bool]?
  let prints: ImagePrints
  private let hash: (@Sendable () throws -> String)?

  /// Creates a data set.
  ///
  /// - Parameters:
  ///   - source: The images.
  ///   - labels: The label of every image.
  ///   - isPoisoned: Whether each carries the trigger, if that is known: to judge detectors by.
  ///   - name: A name for messages.
  ///   - notes: What to tell about how the images were read, in whole lines.
  ///   - hash: Computes the SHA-256 that reports name it by.
  /// - Throws: ``DataError`` if it is empty or the counts differ.
  public init(
    _ source: any SampleSource, labels: [Int32], isPoisoned: [Bool]? = nil,
    name: String = "training data", notes: [String] = [],
    hash: (@Sendable () throws -> String)? = nil
  ) throws(DataError) {
    try checkCounts(source, labels, name)
    if let isPoisoned, isPoisoned.count != labels.count {
      throw DataError(
        "\(name): it says of \(isPoisoned.count) images whether they are poisoned, and has "
          + "\(labels.count); say it of each")
    }
    self.source = source
    self.labels = labels
    self.isPoisoned = isPoisoned
    self.name = name
    self.notes = notes
    self.hash = hash
    prints = ImagePrints(of: source)
  }

  /// Takes the images of a file.
  ///
  /// Poisoned are those that its `poisoned` says, or, without it, those whose `true_label` is another
  /// than their label.
  ///
  /// - Throws: ``DataError`` if it is empty or the counts differ.
  public init(_ data: DataSet) throws(DataError) {
    let relabelled = data.trueLabels.map { zip($0, data.labels).map { $0 != $1 } }
    try self.init(
      data, labels: data.labels, isPoisoned: data.isPoisoned ?? relabelled, name: data.name,
      notes: data.notes, hash: { try data.sha256() })
  }

  /// The SHA-256 of the file or of what is in memory, read anew; nil if nothing is known of it.
  ///
  /// - Throws: `FileError` if the file cannot be read any more.
  public func sha256() throws -> String? { try hash?() }

  /// The number of images.
  public var count: Int { labels.count }

  /// Returns the positions of all images in an order that depends on images and labels alone; see
  /// ``CleanData/contentOrder()``.
  ///
  /// - Throws: What the medium throws.
  public func contentOrder() throws -> [Int] { try prints.contentOrder(labels) }

  /// Checks that a model can classify these images and knows their labels.
  ///
  /// - Throws: ``DataError`` naming both sides.
  public func check(against model: Model) throws(DataError) {
    try checkFit(source, labels, name, model)
  }
}
