public import InferenceGraph
public import ModelIO

/// Correctly labelled clean images, the only images that a defense may see.
public struct CleanData: Sendable {
  /// The images.
  public let source: any SampleSource
  /// The class of every image, counted from 0.
  public let labels: [Int32]
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
  /// - Throws: ``DataError`` if the set is empty or the counts differ, or if it has true classes
  ///   beside its labels, which marks triggered images.
  public init(_ data: DataSet) throws(DataError) {
    guard data.trueLabels == nil else {
      throw DataError(
        "holds triggered images: it has 'true_label' beside 'label'", about: .dataSet(data.name),
        remedies: [.advice("give clean images here")])
    }
    try self.init(
      data, labels: data.labels, name: data.name, notes: data.notes, hash: { try data.sha256() })
  }

  /// Returns the SHA-256 of the file or of the data in memory, computed anew; nil if unknown.
  ///
  /// - Throws: `FileError` if the file can no longer be read.
  public func sha256() throws -> String? { try hash?() }

  /// The number of images.
  public var count: Int { labels.count }

  /// Returns the positions of all images in an order that depends only on images and labels.
  ///
  /// A plugin that draws random positions from this order picks the same images however the set is
  /// shuffled.
  ///
  /// - Throws: The errors of the source.
  public func contentOrder() throws -> [Int] {
    try prints.contentOrder(labels)
  }

  /// Checks that the images and labels fit a model.
  ///
  /// - Throws: ``DataError`` with the values of both sides.
  public func check(against model: Model) throws(DataError) {
    try checkFit(source, labels, name, model)
  }
}
