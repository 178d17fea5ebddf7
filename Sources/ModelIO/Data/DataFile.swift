import InferenceGraph

/// An open file with images and labels, if it has labels.
struct DataFile {
  /// The image shape and the number of classes that the caller expects.
  typealias Wanted = (imageShape: [Int], classCount: Int)

  let file: any DataContainer
  let images: any StoredArray
  /// The labels; nil if the file has none, where that is allowed.
  let labels: LabelSet?
  /// The names of both; that of the labels means nothing without them.
  let keys: DataKeys
  /// What was chosen without being asked for, each a whole line.
  private(set) var notes: [String] = []

  /// Opens a file.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - keys: The names of the images and labels in the file; nil: the usual ones of its kind.
  ///   - part: The part to prefer if the file has training and test images.
  ///   - naming: How the folders of a folder of images name classes.
  ///   - resizing: How image files become images of one size.
  ///   - wanted: The expected image shape and number of classes, if known.
  ///   - requiresLabels: Whether a file without labels is refused; `keys` require them anyway.
  ///   - sandbox: Whether a sealed process parses the file.
  /// - Throws: ``FileError``; if an array is missing, the message lists pairs that would fit.
  init(
    _ path: String, keys: DataKeys?, part: DataPart?, naming: ClassNaming = .sorted,
    resizing: ImageFitting = ImageFitting(), fitting wanted: Wanted?, consumer: String = "model",
    requiresLabels: Bool = true, sandbox: Sandbox
  ) throws(FileError) {
    file = try Self.container(path, part, naming, resizing, wanted, consumer, sandbox)
    let keys = file.hasNames ? keys : nil
    let names = keys.map { [$0] } ?? file.usualKeys(part)
    let found = try Self.pair(names, in: file)
    guard let images = found.images else {
      throw Self.missing(names[0].images, "", in: file, keys, wanted, images: nil)
    }
    guard images.elementClass != .other else {
      throw file.failure("\(file.its(images)) does not hold numbers")
    }
    guard !images.shape.isEmpty else {
      throw file.failure("\(file.its(images)) is a single number, not images")
    }
    guard images.shape[0] > 0 else { throw file.failure("has no images; give a file with some") }
    if wanted != nil { try images.check() }
    self.images = images
    self.keys = found.names
    notes = file.notes
    if keys == nil, found.labels != nil, !found.names.isStandard {
      notes.append(
        "\(path): takes the images in '\(found.names.images)' and the classes in "
          + "'\(found.names.labels)'")
    }
    guard let labels = found.labels else {
      if !requiresLabels, keys == nil {
        self.labels = nil
        return
      }
      throw Self.missing(
        found.names.labels, " with the images' classes", in: file, keys, wanted, images: images)
    }
    self.labels = try LabelSet(labels, of: file, count: images.shape[0])
  }

  /// Opens the file with the reader of its kind.
  private static func container(
    _ path: String, _ part: DataPart?, _ naming: ClassNaming, _ resizing: ImageFitting,
    _ wanted: Wanted?, _ consumer: String, _ sandbox: Sandbox
  ) throws(FileError) -> any DataContainer {
    let kind = try FileKind(at: path)
    switch kind {
    case .idx, .gzip:
      if let files = try IDXFiles(file: path, sandbox: sandbox) { return files }
    case .other:
      if let files = try CIFARFiles(file: path) { return files }
    case .folder:
      if let files = try CIFARFiles(folder: path, part: part, sandbox: sandbox) { return files }
      if let files = try IDXFiles(folder: path, part: part, sandbox: sandbox) { return files }
      return try ImageFolder(
        path, part: part, naming: naming, resizing: resizing, fitting: wanted, consumer: consumer,
        sandbox: sandbox)
    case .numpyArchive: return try NumpyArchive(FileDescriptor(path), sandbox: sandbox)
    case .numpyArray: return NumpyFile(try FileDescriptor(path))
    case .pickle: return try PickledArrays(FileDescriptor(path), sandbox: sandbox)
    default: break
    }
    if let advice = kind.adviceOnData(path) {
      throw FileError(kind == .savedModel ? .missingInput : .badData, path: path, advice)
    }
    return try HDF5File(path, sandbox: sandbox, for: .data)
  }

  /// A pair of arrays, or what there is of one.
  private typealias Pair = (
    names: DataKeys, images: (any StoredArray)?, labels: (any StoredArray)?
  )

  /// Returns the first complete pair of these names, else the first images.
  private static func pair(
    _ names: [DataKeys], in file: any DataContainer
  ) throws(FileError) -> Pair {
    var first: Pair?
    for keys in names {
      guard let images = try file.array(keys.images) else { continue }
      if let labels = try file.array(keys.labels) { return (keys, images, labels) }
      if first == nil { first = (keys, images, nil) }
    }
    return first ?? (names[0], nil, nil)
  }

  // MARK: Messages

  /// The largest number of pairs that a message lists.
  private static let maximumPairs = 6

  /// Returns the error about a missing data set.
  private static func missing(
    _ name: String, _ purpose: String, in file: any DataContainer, _ keys: DataKeys?,
    _ wanted: Wanted?, images: (any StoredArray)?
  ) -> FileError {
    let start = "has no \(file.noun) '\(abbreviated(name))'\(purpose)"
    let pairs = Self.pairs(file.numberArrays, wanted, images: images?.path)
    guard let first = pairs.first else { return file.failure("\(start) \(file.contents())") }
    func text(_ array: any StoredArray) -> String {
      "'\(abbreviated(array.path))' (\(described(array.shape)))"
    }
    let list = pairs.prefix(maximumPairs).map { "\(text($0.0)) with \(text($0.1))" }
    let more = pairs.count > maximumPairs ? " and others" : ""
    return file.failure(
      "\(start); these fit: \(list.joined(separator: ", "))\(more)",
      remedies: [.set("keys", to: ["\(first.0.path),\(first.1.path)"])]
        + (pairs.count > 1 ? [.advice("another pair")] : []))
  }

  /// Returns the pairs of arrays that could be images and labels: as many labels as images, and
  /// the expected shapes if known.
  private static func pairs(
    _ all: [any StoredArray], _ wanted: Wanted?, images: String?
  ) -> [(any StoredArray, any StoredArray)] {
    let candidates = all.filter { array in
      if let images { return array.path == images }
      guard let wanted else { return array.shape.count == 3 || array.shape.count == 4 }
      let image = Array(array.shape.dropFirst())
      let (rows, last) = (Array(wanted.imageShape.dropLast()), Array(wanted.imageShape.suffix(1)))
      return [wanted.imageShape, last + rows, last + rows.reversed()].contains { $0 == image }
        || last == [1] && (image == rows || image == rows.reversed())
    }
    return candidates.flatMap { images in
      all.filter { labels in
        labels.path != images.path
          && LabelSet.form(labels.shape, count: images.shape.first ?? 0, isTransposed: false).map {
            form in wanted.map { form.classes == nil || form.classes == $0.classCount } ?? true
          } ?? false
      }.map { (images, $0) }
    }
  }
}

/// Returns a shape as text, for example `40x6x5x3`.
func described(_ shape: [Int]) -> String {
  shape.isEmpty ? "single numbers" : shape.map(String.init).joined(separator: "x")
}
