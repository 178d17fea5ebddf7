public import InferenceGraph
public import ModelIO

/// A data set that does not fit the model or itself, with what to do about it.
public struct DataError: Error, Sendable, Hashable, CustomStringConvertible {
  /// What happened and what to do, in one line.
  public let message: String

  /// Creates an error.
  public init(_ message: String) { self.message = message }

  /// Creates an error about an image of the set with this name, of which the execution knows the
  /// number alone.
  public init(_ error: SampleError, in name: String) {
    self.init("\(name): \(error.description); repair the file or leave the image out")
  }

  /// The message.
  public var description: String { message }
}

/// Runs `body`; an error about an image then names the data set, if there is one.
func naming<Result>(_ name: String?, _ body: () throws -> Result) throws -> Result {
  do {
    return try body()
  } catch let error as SampleError {
    guard let name else { throw error }
    throw DataError(error, in: name)
  }
}

/// Images with right labels: what a defense may see.
public struct CleanData: Sendable {
  /// The images.
  public let source: any SampleSource
  /// The class of every image.
  public let labels: [Int32]
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
    _ source: any SampleSource, labels: [Int32], name: String = "clean data",
    notes: [String] = [], hash: (@Sendable () throws -> String)? = nil
  ) throws(DataError) {
    try checkCounts(source, labels, name)
    self.source = source
    self.labels = labels
    self.name = name
    self.notes = notes
    self.hash = hash
    prints = ImagePrints(of: source)
  }

  /// Declares that the images of a file are clean.
  ///
  /// - Throws: ``DataError`` if it is empty or the counts differ, or if it has true classes beside its labels,
  ///   as triggered images do.
  public init(_ data: DataSet) throws(DataError) {
    guard data.trueLabels == nil else {
      throw DataError(
        "\(data.name) holds triggered images: it has 'true_label' beside 'label'; give clean ones here"
      )
    }
    try self.init(
      data, labels: data.labels, name: data.name, notes: data.notes, hash: { try data.sha256() })
  }

  /// The SHA-256 of the file or of what is in memory, read anew; nil if nothing is known of it.
  ///
  /// - Throws: `FileError` if the file cannot be read any more.
  public func sha256() throws -> String? { try hash?() }

  /// The number of images.
  public var count: Int { labels.count }

  /// Returns the positions of all images in an order that depends on images and labels alone.
  ///
  /// What a plugin draws at random from these, it draws the same however the set is shuffled: the
  /// image at `contentOrder()[k]` is the same one.
  ///
  /// - Throws: What the medium throws.
  public func contentOrder() throws -> [Int] {
    try prints.contentOrder(labels)
  }

  /// Checks that a model can classify these images and knows their labels.
  ///
  /// - Throws: ``DataError`` naming both sides.
  public func check(against model: Model) throws(DataError) {
    try checkFit(source, labels, name, model)
  }
}

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

func checkCounts(
  _ source: any SampleSource, _ labels: [Int32], _ name: String
) throws(DataError) {
  guard source.count == labels.count else {
    throw DataError("\(name): \(labels.count) labels for \(source.count) images; give one an image")
  }
  guard source.count > 0 else { throw DataError("\(name): it holds no images; give another set") }
}

func checkFit(
  _ source: any SampleSource, _ labels: [Int32], _ name: String, _ model: Model
) throws(DataError) {
  guard source.imageShape == model.graph.inputShape else {
    throw DataError(
      "\(name): its images have shape \(source.imageShape), but the model takes "
        + "\(model.graph.inputShape); give a data set made for this model")
  }
  if let label = labels.first(where: { $0 < 0 || Int($0) >= model.classCount }) {
    throw DataError(
      "\(name): label \(label) is none of the model's \(model.classCount) classes, which count "
        + "from 0; give a data set made for this model")
  }
}
