/// What tells the groups of a file's images apart: those of one person, video or source.
public enum DataGroup: Sendable, Hashable, CustomStringConvertible {
  /// The classes of the images: each class is a group.
  case label
  /// The data set with this path, which holds one integer for each image.
  case dataSet(String)

  /// Parses `label` or the path of a data set; nil for an empty text.
  public init?(_ text: String) {
    guard !text.isEmpty else { return nil }
    self = text == "label" ? .label : .dataSet(text)
  }

  /// The text that ``init(_:)`` parses.
  public var description: String {
    switch self {
    case .label: "label"
    case .dataSet(let path): path
    }
  }

  /// Returns the group of every image; nil if the file lacks the data set and may do so.
  ///
  /// - Parameters:
  ///   - file: The file of the images.
  ///   - labels: The class of every image.
  ///   - isOptional: Whether the data set may be missing.
  /// - Throws: ``FileError`` if the data set is missing or does not hold one integer for each
  ///   image.
  func values(
    in file: any DataContainer, labels: [Int32], isOptional: Bool
  ) throws(FileError) -> [Int]? {
    guard case .dataSet(let path) = self else { return labels.map { Int($0) } }
    guard let found = try file.array(path) else {
      if isOptional { return nil }
      throw file.failure("has no \(file.noun) '\(abbreviated(path))' with the images' groups")
    }
    func failure(_ problem: String) -> FileError {
      file.failure("its \(file.noun) '\(abbreviated(path))' \(problem)")
    }
    guard found.elementClass != .other else {
      throw failure("does not hold numbers; groups are integers")
    }
    let shape = found.shape
    // Axes of extent 1 are ignored, as for labels.
    let squeezed = shape.filter { $0 != 1 }
    guard !shape.isEmpty else {
      throw failure("is a single number; one integer for each image (\(labels.count)) is needed")
    }
    guard squeezed.count <= 1 else {
      throw failure(
        "has the shape \(described(shape)); one integer for each image (\(labels.count)) is needed")
    }
    guard (squeezed.first ?? 1) == labels.count else {
      throw failure("has \(squeezed.first ?? 1) groups for \(labels.count) images")
    }
    var groups: [Int] = []
    groups.reserveCapacity(labels.count)
    for (index, value) in try found.doubles().enumerated() {
      // Larger integers are rounded to others as 64-bit floats.
      guard value == value.rounded(), abs(value) <= 0x1p53 else {
        throw failure("has \(value) at index \(index), which is not a group; groups are integers")
      }
      groups.append(Int(value))
    }
    return groups
  }
}
