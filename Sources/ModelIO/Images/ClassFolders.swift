import InferenceGraph

/// The image files of a folder, and the classes that its folders stand for, or that a table has.
struct ClassFolders: Sendable {
  /// The image files, in order; never empty.
  let files: [String]
  /// The class of every image; nil if there are neither class folders nor a table.
  let labels: [Int32]?
  /// The names of the classes in their order; nil if there are none, or if they have numbers.
  let classNames: [String]?
  /// What was chosen without being asked for, each a whole line.
  let notes: [String]
  private let path: String

  /// The largest depth of folders within a class.
  private static let maximumDepth = 16
  /// The folders for testing, the most usual name first.
  private static let testNames = ["test", "val", "valid", "validation"]

  /// Lists a folder.
  ///
  /// A folder with nothing but `train` and `test` (or `val`), which have class folders themselves,
  /// stands for one of them.
  ///
  /// - Parameters:
  ///   - path: The folder.
  ///   - part: The part to take; nil: the images for testing.
  ///   - naming: How folders name classes.
  ///   - classCount: The expected number of classes, if known.
  ///   - consumer: The word for the owner of the classes in messages.
  /// - Throws: ``FileError`` if there are no images, or the folders are not the expected classes.
  init(
    _ path: String, part: DataPart?, naming: ClassNaming, classCount: Int?, consumer: String
  ) throws(FileError) {
    self.path = path
    let (place, listing, name) = try Self.part(part, of: path)
    let own = Self.images(listing.files, in: place)
    var classes: [(name: String, files: [String])] = []
    for name in listing.folders {
      classes.append((name, try Self.files(in: FolderListing.path(place, name))))
    }
    var notes = name.map { ["\(path): takes the images in '\($0)'"] } ?? []
    if classes.allSatisfy({ $0.files.isEmpty }) {
      let table = own.isEmpty ? nil : try ClassTable(of: place, files: listing.files)
      (files, classNames) = (own, nil)
      labels = try table?.labels(of: own, classCount: classCount, consumer: consumer)
      if let table { notes.append("\(path): takes the classes in '\(table.path)'") }
    } else {
      if let first = own.first {
        throw FileError(
          .badData, path: path,
          "has images beside its class folders, such as '\(abbreviated(Self.name(first, in: place)))'; move them "
            + "into one, or away")
      }
      let names = classes.map(\.name)
      let numbers =
        naming == .numeric ? try Self.numbers(names, in: path) : Array(classes.indices)
      if let classCount {
        try Self.check(numbers, names, naming, classCount, consumer, path)
      }
      notes.append(Self.mapping(numbers, names, naming, path))
      let order = classes.indices.sorted { numbers[$0] < numbers[$1] }
      files = order.flatMap { classes[$0].files }
      labels = order.flatMap { index in classes[index].files.map { _ in Int32(numbers[index]) } }
      classNames = naming == .sorted ? names : nil
    }
    self.notes = notes
    guard !files.isEmpty else {
      throw FileError(
        .badData, path: path,
        "is a folder without \(ImageFormat.names) images; give \(FileKind.dataForm)")
    }
  }

  /// Returns a file's name from the folder on, for messages.
  func name(_ file: String) -> String { abbreviated(Self.name(file, in: path)) }

  /// Returns the SHA-256 of the names and hashes of all files, in order.
  func sha256() throws(FileError) -> String {
    var text = ""
    for file in files {
      let hash = try ModelIO.sha256(of: FileDescriptor(file))
      text += "\(Self.name(file, in: path)) \(hash)\n"
    }
    return ModelIO.sha256(of: Array(text.utf8))
  }

  // MARK: Listing

  /// Returns the folder to read, its listing, and its name if it is a part of the one at `path`.
  private static func part(
    _ part: DataPart?, of path: String
  ) throws(FileError) -> (path: String, listing: FolderListing, name: String?) {
    let listing = try FolderListing(path)
    let names = listing.folders
    guard names.contains("train"), let test = testNames.first(where: names.contains),
      names.allSatisfy({ $0 == "train" || testNames.contains($0) })
    else { return (path, listing, nil) }
    let name = part == .train ? "train" : test
    let place = FolderListing.path(path, name)
    let inner = try FolderListing(place)
    // Classes may have these names, too.
    return inner.folders.isEmpty ? (path, listing, nil) : (place, inner, name)
  }

  /// Returns the paths of the images among a folder's files.
  private static func images(_ files: [String], in folder: String) -> [String] {
    files.filter { file in
      let name = file.lowercased()
      return ImageFormat.extensions.contains { name.hasSuffix(".\($0)") }
    }.map { FolderListing.path(folder, $0) }
  }

  /// Extensions of images that torchvision takes, but that are not read here.
  private static let otherExtensions = ["bmp", "tif", "tiff", "webp"]

  /// Returns the images in a class folder and the folders within it, as torchvision walks them.
  private static func files(in folder: String) throws(FileError) -> [String] {
    var found: [(folder: String, files: [String])] = []
    var next = [(folder, 0)]
    while let (folder, depth) = next.popLast() {
      guard depth < maximumDepth else {
        throw FileError(
          .badData, path: folder,
          "is more than \(maximumDepth) folders deep; is there a link to a folder around it?")
      }
      let listing = try FolderListing(folder)
      for name in listing.files {
        let lower = name.lowercased()
        if let other = otherExtensions.first(where: { lower.hasSuffix(".\($0)") }) {
          throw FileError(
            .badData, path: FolderListing.path(folder, name),
            "is an image of another format (\(other)) than \(ImageFormat.names); convert it")
        }
      }
      found.append((folder, images(listing.files, in: folder)))
      next += listing.folders.map { (FolderListing.path(folder, $0), depth + 1) }
    }
    found.sort { FolderListing.isBefore($0.folder, $1.folder) }
    return found.flatMap(\.files)
  }

  private static func name(_ file: String, in folder: String) -> String {
    String(decoding: file.utf8.dropFirst(FolderListing.path(folder, "").utf8.count), as: UTF8.self)
  }

  // MARK: Classes

  /// Returns the numbers that folders have for names.
  private static func numbers(_ names: [String], in path: String) throws(FileError) -> [Int] {
    var numbers: [Int] = []
    for name in names {
      guard name.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(name),
        number < DataSet.largestClassCount
      else {
        throw FileError(
          .badData, path: path,
          "has the folder '\(abbreviated(name))', which is no class's number",
          remedies: [.set("labels", to: ["sorted"])])
      }
      if let other = numbers.firstIndex(of: number) {
        throw FileError(
          .badData, path: path,
          "has two folders for class \(number), '\(abbreviated(names[other]))' and "
            + "'\(abbreviated(name))'; put their images into one")
      }
      numbers.append(number)
    }
    return numbers
  }

  /// Throws if the classes are not the expected ones.
  private static func check(
    _ numbers: [Int], _ names: [String], _ naming: ClassNaming, _ expected: Int, _ consumer: String,
    _ path: String
  ) throws(FileError) {
    switch naming {
    case .sorted:
      guard names.count != expected else { return }
      let areNumbers = names.allSatisfy { Int($0) != nil }
      throw FileError(
        .badData, path: path,
        "has \(names.count) class folder\(names.count == 1 ? "" : "s"), but the \(consumer) has "
          + "\(expected) classes; give one for each, empty where there are no images",
        remedies: areNumbers ? [.set("labels", to: ["numeric"])] : [])
    case .numeric:
      guard let index = numbers.firstIndex(where: { $0 >= expected }) else { return }
      throw FileError(
        .badData, path: path,
        "has the folder '\(abbreviated(names[index]))', but the \(consumer)'s classes are 0 to "
          + "\(expected - 1)")
    }
  }

  /// The largest number of classes that a note lists.
  private static let maximumListed = 10

  /// Returns the note about the classes of folders.
  private static func mapping(
    _ numbers: [Int], _ names: [String], _ naming: ClassNaming, _ path: String
  ) -> String {
    let pairs = zip(numbers, names).sorted { $0.0 < $1.0 }
      .map { "\($0.0) \(abbreviated($0.1))" }
    let list =
      pairs.count > maximumListed
      ? (pairs.prefix(maximumListed - 2) + ["..."] + pairs.suffix(1)) : pairs[...]
    let start = "\(path): classes by folder: \(list.joined(separator: ", "))"
    let values = names.map { Int($0) }
    let areOthers =
      naming == .sorted && values.allSatisfy { $0 != nil } && values != numbers.map(Optional.init)
    return start
      + (areOthers ? "; names that are numbers are sorted as text, unless labels are numeric" : "")
  }
}
