public import InferenceGraph
public import ModelIO

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
