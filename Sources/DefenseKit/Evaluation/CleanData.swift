public import InferenceGraph
public import ModelIO

/// Clean images, the only images that a defense may see, with or without labels.
public struct CleanData: Sendable {
  let images: ImageSet
  /// Whether ``labels`` are the images' correct classes.
  public let isLabelled: Bool

  /// Creates a data set.
  ///
  /// - Parameters:
  ///   - source: The images.
  ///   - labels: The class of every image, counted from 0.
  ///   - isLabelled: Whether the labels are correct; otherwise anything stands in for them.
  ///   - groups: The group of every image; nil if they are not grouped.
  ///   - name: The name in messages.
  ///   - notes: Notes for the user on how the images were read, each a whole line.
  ///   - hash: Computes the SHA-256 that identifies the set in reports.
  /// - Throws: ``DataError`` if the set is empty or the counts differ.
  public init(
    _ source: any SampleSource, labels: [Int32], isLabelled: Bool = true, groups: [Int]? = nil,
    name: String = "clean data", notes: [String] = [],
    hash: (@Sendable () throws -> String)? = nil
  ) throws(DataError) {
    self.isLabelled = isLabelled
    images = try ImageSet(
      source, labels: labels, groups: groups, name: name, notes: notes, hash: hash)
  }

  /// Declares that the images of a file are clean, and its labels, if it has some, correct.
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
      data, labels: data.labels, isLabelled: data.isLabelled, groups: data.groups, name: data.name,
      notes: data.notes
        + (data.isLabelled
          ? [] : ["\(data.name): has no labels, so no accuracy is measured on it"]),
      hash: { try data.sha256() })
  }

  /// The images.
  public var source: any SampleSource { images.source }

  /// The class of every image, counted from 0; without meaning unless ``isLabelled``.
  ///
  /// A plugin that uses them requires ``PluginRequirement/labels``.
  public var labels: [Int32] { images.labels }

  /// The group of every image, such as the person that it shows; nil if they are not grouped.
  ///
  /// Equal numbers are the same group in every set of a run. ``split(_:holdingOut:for:)`` keeps
  /// groups together.
  public var groups: [Int]? { images.groups }

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

  /// Returns the positions of all images in an order that depends only on images, labels and
  /// groups.
  ///
  /// A plugin that draws random positions from this order picks the same images however the set is
  /// shuffled.
  ///
  /// - Throws: The errors of the source.
  public func contentOrder() throws -> [Int] { try images.contentOrder() }

  /// Checks that the images and labels fit a model.
  ///
  /// - Throws: ``DataError`` with the values of both sides.
  public func check(against model: Model) throws(DataError) { try images.check(against: model) }
}
