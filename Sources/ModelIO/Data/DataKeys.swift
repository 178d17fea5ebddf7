/// The names of the data sets in a file that hold images and their classes.
public struct DataKeys: Sendable, Hashable, CustomStringConvertible {
  /// The path of the images.
  public let images: String
  /// The path of the classes.
  public let labels: String

  /// The default names; `labels` is accepted in place of `label`.
  public static let standard = DataKeys(images: "data", labels: "label")

  /// Whether these are the names that every data file may have.
  var isStandard: Bool {
    images == Self.standard.images && [Self.standard.labels, "labels"].contains(labels)
  }

  /// Creates a pair of names.
  public init(images: String, labels: String) {
    self.images = images
    self.labels = labels
  }

  /// Parses `IMAGES,LABELS`; nil unless there are two non-empty names.
  public init?(_ text: String) {
    let names = text.split(separator: ",", omittingEmptySubsequences: false)
    guard names.count == 2, names.allSatisfy({ !$0.isEmpty }) else { return nil }
    self.init(images: String(names[0]), labels: String(names[1]))
  }

  /// Both names, separated by a comma.
  public var description: String { "\(images),\(labels)" }
}
