/// The arrays of a .npz archive.
struct NumpyArchive: DataContainer {
  let path: String
  private let archive: ZipArchive
  /// The members with arrays, by name without ".npy".
  private let members: [String: ZipMember]

  /// The largest number of arrays that are looked at to suggest some.
  private static let maximumSuggestions = 64

  /// Opens an archive.
  ///
  /// - Throws: ``FileError`` if it is damaged or refused.
  init(_ content: FileDescriptor, sandbox: Sandbox) throws(FileError) {
    path = content.path
    archive = try ZipArchive(content, sandbox: sandbox)
    members = Dictionary(
      archive.members.filter { $0.name.hasSuffix(".npy") }
        .map { (String($0.name.dropLast(4)), $0) }
    ) { first, _ in first }
  }

  var noun: String { "array" }

  func usualKeys(_ part: DataPart?) -> [DataKeys] {
    let (train, test) = (Self.keys(of: .train), Self.keys(of: .test))
    return [
      .standard, DataKeys(images: "data", labels: "labels"), DataKeys(images: "x", labels: "y"),
      DataKeys(images: "images", labels: "labels"),
    ] + (part == .train ? train + test : test + train)
      // The names of arrays that were given none.
      + [DataKeys(images: "arr_0", labels: "arr_1")]
  }

  /// The usual names in an archive with several parts: those of Keras and of MedMNIST.
  private static func keys(of part: DataPart) -> [DataKeys] {
    [
      DataKeys(images: "x_\(part.rawValue)", labels: "y_\(part.rawValue)"),
      DataKeys(images: "\(part.rawValue)_images", labels: "\(part.rawValue)_labels"),
    ]
  }

  var numberArrays: [any StoredArray] {
    members.keys.sorted().prefix(Self.maximumSuggestions).compactMap { name in
      // Their elements are not looked at.
      guard let array = try? opened(name), array.elementClass != .other else { return nil }
      return array
    }
  }

  func array(_ name: String) throws(FileError) -> (any StoredArray)? {
    let array = try opened(name)
    try array?.check()
    return array
  }

  private func opened(_ name: String) throws(FileError) -> NumpyArray? {
    guard let member = members[name] else { return nil }
    return try NumpyArray(name, in: .member(member, archive))
  }

  func contents() -> String {
    let names = members.keys.sorted().prefix(5).joined(separator: ", ")
    return "(it has: \(names.isEmpty ? "nothing" : abbreviated(names)))"
  }
}
