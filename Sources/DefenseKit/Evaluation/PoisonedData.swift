public import InferenceGraph
public import ModelIO

/// Triggered images, which only the evaluation may see.
///
/// Code outside DefenseKit cannot read the images through this type or make ``CleanData`` from it,
/// so that no defense can optimize for its own attack success rate.
public struct PoisonedData: Sendable {
  let source: any SampleSource
  /// The target class of every image.
  public let targets: [Int32]
  /// The class that every image shows; nil if unknown.
  public let trueLabels: [Int32]?
  /// The name in messages, usually the file's.
  public let name: String
  /// Notes for the user on how the images were read, each a whole line.
  public let notes: [String]
  let prints: ImagePrints
  private let hash: (@Sendable () throws -> String)?

  /// Creates a data set; `hash` computes the SHA-256 that identifies it in reports.
  ///
  /// - Throws: ``DataError`` if the set is empty or the counts differ.
  public init(
    _ source: any SampleSource, targets: [Int32], trueLabels: [Int32]? = nil,
    name: String = "poisoned data", notes: [String] = [],
    hash: (@Sendable () throws -> String)? = nil
  ) throws(DataError) {
    try checkCounts(source, targets, name)
    if let trueLabels, trueLabels.count != targets.count {
      throw DataError(
        "has \(trueLabels.count) true labels for \(targets.count) images", about: .dataSet(name),
        remedies: [.advice("give one for each image")])
    }
    self.source = source
    self.targets = targets
    self.trueLabels = trueLabels
    self.name = name
    self.notes = notes
    self.hash = hash
    prints = ImagePrints(of: source)
  }

  /// Declares that the images of a file carry the trigger and that their labels are the target
  /// classes.
  ///
  /// - Throws: ``DataError`` if the set is empty or the counts differ.
  public init(_ data: DataSet) throws(DataError) {
    try self.init(
      data, targets: data.labels, trueLabels: data.trueLabels, name: data.name, notes: data.notes,
      hash: { try data.sha256() })
  }

  /// Returns the SHA-256 of the file or of the data in memory, computed anew; nil if unknown.
  ///
  /// - Throws: `FileError` if the file can no longer be read.
  public func sha256() throws -> String? { try hash?() }

  /// The number of images.
  public var count: Int { targets.count }

  /// Checks that the images and labels fit a model.
  ///
  /// - Throws: ``DataError`` with the values of both sides.
  public func check(against model: Model) throws(DataError) {
    try checkFit(source, targets, name, model)
  }
}
