public import InferenceGraph
public import ModelIO

/// Correctly labelled clean images, the only images that a defense may see.
public struct CleanData: Sendable {
  let images: ImageSet

  /// Creates a data set.
  ///
  /// - Parameters:
  ///   - source: The images.
  ///   - labels: The class of every image, counted from 0.
  ///   - groups: The group of every image; nil if they are not grouped.
  ///   - name: The name in messages.
  ///   - notes: Notes for the user on how the images were read, each a whole line.
  ///   - hash: Computes the SHA-256 that identifies the set in reports.
  /// - Throws: ``DataError`` if the set is empty or the counts differ.
  public init(
    _ source: any SampleSource, labels: [Int32], groups: [Int]? = nil,
    name: String = "clean data", notes: [String] = [],
    hash: (@Sendable () throws -> String)? = nil
  ) throws(DataError) {
    images = try ImageSet(
      source, labels: labels, groups: groups, name: name, notes: notes, hash: hash)
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
    images = try ImageSet(data)
  }

  /// The images.
  public var source: any SampleSource { images.source }

  /// The class of every image, counted from 0.
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
