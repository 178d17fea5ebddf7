public import InferenceGraph
public import ModelIO

/// Training images that may be poisoned, which a data-set detector may see.
///
/// Code outside DefenseKit cannot read through this type which images are poisoned, if a file says
/// so, or make ``CleanData`` from it.
public struct TrainingData: Sendable {
  let images: ImageSet
  /// `isPoisoned[i]`: whether image i carries the trigger; nil if unknown.
  let isPoisoned: [Bool]?

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
    try self.init(
      ImageSet(source, labels: labels, name: name, notes: notes, hash: hash), isPoisoned)
  }

  /// Creates a data set from the images of a file.
  ///
  /// The file's `poisoned` says which images are poisoned. Without it, those are whose `true_label`
  /// differs from their label.
  ///
  /// - Throws: ``DataError`` if the set is empty or the counts differ.
  public init(_ data: DataSet) throws(DataError) {
    let relabelled = data.trueLabels.map { zip($0, data.labels).map { $0 != $1 } }
    try self.init(ImageSet(data), data.isPoisoned ?? relabelled)
  }

  private init(_ images: ImageSet, _ isPoisoned: [Bool]?) throws(DataError) {
    if let isPoisoned, isPoisoned.count != images.count {
      throw DataError(
        "marks \(isPoisoned.count) images as poisoned or not, but has \(images.count)",
        about: .dataSet(images.name), remedies: [.advice("mark each image")])
    }
    self.images = images
    self.isPoisoned = isPoisoned
  }

  /// The images.
  public var source: any SampleSource { images.source }

  /// The label of every image in training, counted from 0.
  public var labels: [Int32] { images.labels }

  /// The name in messages, usually the file's.
  public var name: String { images.name }

  /// Notes for the user on how the images were read, each a whole line.
  public var notes: [String] { images.notes }

  /// The number of images.
  public var count: Int { images.count }

  /// Returns the SHA-256 of the file or of the data in memory, computed anew; nil if unknown.
  ///
  /// - Throws: `FileError` if the file can no longer be read.
  public func sha256() throws -> String? { try images.sha256() }

  /// Returns the positions of all images in an order that depends only on images and labels; see
  /// ``CleanData/contentOrder()``.
  ///
  /// - Throws: The errors of the source.
  public func contentOrder() throws -> [Int] { try images.contentOrder() }

  /// Checks that the images and labels fit a model.
  ///
  /// - Throws: ``DataError`` with the values of both sides.
  public func check(against model: Model) throws(DataError) { try images.check(against: model) }
}
