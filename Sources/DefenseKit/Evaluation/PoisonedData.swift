public import InferenceGraph
public import ModelIO

/// Triggered images, which only the evaluation may see.
///
/// Code outside DefenseKit cannot read the images through this type or make ``CleanData`` from it,
/// so that no defense can optimize for its own attack success rate.
public struct PoisonedData: Sendable {
  let images: ImageSet
  /// The class that every image shows; nil if unknown.
  public let trueLabels: [Int32]?

  /// Creates a data set; `hash` computes the SHA-256 that identifies it in reports.
  ///
  /// - Throws: ``DataError`` if the set is empty or the counts differ.
  public init(
    _ source: any SampleSource, targets: [Int32], trueLabels: [Int32]? = nil,
    name: String = "poisoned data", notes: [String] = [],
    hash: (@Sendable () throws -> String)? = nil
  ) throws(DataError) {
    try self.init(
      ImageSet(source, labels: targets, name: name, notes: notes, hash: hash), trueLabels)
  }

  /// Declares that the images of a file carry the trigger and that their labels are the target
  /// classes.
  ///
  /// - Throws: ``DataError`` if the set is empty or the counts differ.
  public init(_ data: DataSet) throws(DataError) {
    try self.init(ImageSet(data), data.trueLabels)
  }

  private init(_ images: ImageSet, _ trueLabels: [Int32]?) throws(DataError) {
    if let trueLabels, trueLabels.count != images.count {
      throw DataError(
        "has \(trueLabels.count) true labels for \(images.count) images",
        about: .dataSet(images.name), remedies: [.advice("give one for each image")])
    }
    self.images = images
    self.trueLabels = trueLabels
  }

  /// The target class of every image.
  public var targets: [Int32] { images.labels }

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

  /// Checks that the images and labels fit a model.
  ///
  /// - Throws: ``DataError`` with the values of both sides.
  public func check(against model: Model) throws(DataError) { try images.check(against: model) }
}
