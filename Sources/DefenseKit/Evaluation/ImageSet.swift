internal import InferenceGraph
internal import ModelIO

/// Labelled images of any role, and what identifies them in messages and reports.
struct ImageSet: Sendable {
  let source: any SampleSource
  /// The label of every image, counted from 0.
  let labels: [Int32]
  /// The group of every image; nil if they are not grouped.
  let groups: [Int]?
  /// The name in messages, usually the file's.
  let name: String
  /// Notes for the user on how the images were read, each a whole line.
  let notes: [String]
  let prints: ImagePrints
  private let hash: (@Sendable () throws -> String)?

  /// Creates a set; `hash` computes the SHA-256 that identifies it in reports.
  ///
  /// - Throws: ``DataError`` if the set is empty or the counts differ.
  init(
    _ source: any SampleSource, labels: [Int32], groups: [Int]? = nil, name: String,
    notes: [String] = [], hash: (@Sendable () throws -> String)? = nil
  ) throws(DataError) {
    guard source.count == labels.count else {
      throw DataError(
        "has \(labels.count) labels for \(source.count) images", about: .dataSet(name),
        remedies: [.advice("give one for each image")])
    }
    guard source.count > 0 else {
      throw DataError(
        "holds no images", about: .dataSet(name), remedies: [.advice("give another set")])
    }
    if let groups, groups.count != labels.count {
      throw DataError(
        "has \(groups.count) groups for \(labels.count) images", about: .dataSet(name),
        remedies: [.advice("give one for each image")])
    }
    self.source = source
    self.labels = labels
    self.groups = groups
    self.name = name
    self.notes = notes
    self.hash = hash
    prints = ImagePrints(of: source)
  }

  /// Creates a set from the images and labels of a file.
  ///
  /// - Throws: ``DataError`` if the set is empty or the counts differ.
  init(_ data: DataSet) throws(DataError) {
    try self.init(
      data, labels: data.labels, groups: data.groups, name: data.name, notes: data.notes,
      hash: { try data.sha256() })
  }

  /// The number of images.
  var count: Int { labels.count }

  /// Returns the SHA-256 of the file or of the data in memory, computed anew; nil if unknown.
  ///
  /// - Throws: `FileError` if the file can no longer be read.
  func sha256() throws -> String? { try hash?() }

  /// Returns the positions of all images in an order that depends only on images, labels and
  /// groups.
  ///
  /// - Throws: The errors of the source.
  func contentOrder() throws -> [Int] { try prints.contentOrder(labels, groups) }

  /// Checks that the images and labels fit a model.
  ///
  /// - Throws: ``DataError`` with the values of both sides.
  func check(against model: Model) throws(DataError) {
    guard source.imageShape == model.graph.inputShape else {
      throw DataError(
        "its images have shape \(source.imageShape), but the model takes \(model.graph.inputShape)",
        about: .dataSet(name), remedies: [.advice("give a data set made for this model")])
    }
    if let label = labels.first(where: { $0 < 0 || Int($0) >= model.classCount }) {
      throw DataError(
        "label \(label) is not one of the model's \(model.classCount) classes, counted from 0",
        about: .dataSet(name), remedies: [.advice("give a data set made for this model")])
    }
  }
}
