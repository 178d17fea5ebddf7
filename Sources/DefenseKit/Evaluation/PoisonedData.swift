public import InferenceGraph
public import ModelIO

/// Images that carry the trigger: what the evaluator alone may see.
///
/// The images cannot be read through this type from outside DefenseKit, and ``CleanData`` cannot
/// be made from it, so that no defense can choose anything by its attack success rate.
public struct PoisonedData: Sendable {
  let source: any SampleSource
  /// The class that the attacker wants, for every image.
  public let targets: [Int32]
  /// The class that every image really shows, if that is known.
  public let trueLabels: [Int32]?
  /// A name for messages, such as the file's.
  public let name: String
  /// What to tell about how the images were read, in whole lines.
  public let notes: [String]
  let prints: ImagePrints
  private let hash: (@Sendable () throws -> String)?

  /// Creates a data set; `hash` computes the SHA-256 that reports name it by.
  ///
  /// - Throws: ``DataError`` if it is empty or the counts differ.
  public init(
    _ source: any SampleSource, targets: [Int32], trueLabels: [Int32]? = nil,
    name: String = "poisoned data", notes: [String] = [],
    hash: (@Sendable () throws -> String)? = nil
  ) throws(DataError) {
    try checkCounts(source, targets, name)
    if let trueLabels, trueLabels.count != targets.count {
      throw DataError(
        "\(name): \(trueLabels.count) true labels for \(targets.count) images; give one an image")
    }
    self.source = source
    self.targets = targets
    self.trueLabels = trueLabels
    self.name = name
    self.notes = notes
    self.hash = hash
    prints = ImagePrints(of: source)
  }

  /// Declares that the images of a file carry the trigger and that their labels are the target.
  ///
  /// - Throws: ``DataError`` if it is empty or the counts differ.
  public init(_ data: DataSet) throws(DataError) {
    try self.init(
      data, targets: data.labels, trueLabels: data.trueLabels, name: data.name, notes: data.notes,
      hash: { try data.sha256() })
  }

  /// The SHA-256 of the file or of what is in memory, read anew; nil if nothing is known of it.
  ///
  /// - Throws: `FileError` if the file cannot be read any more.
  public func sha256() throws -> String? { try hash?() }

  /// The number of images.
  public var count: Int { targets.count }

  /// Checks that a model can classify these images and knows their labels.
  ///
  /// - Throws: ``DataError`` naming both sides.
  public func check(against model: Model) throws(DataError) {
    try checkFit(source, targets, name, model)
  }
}
