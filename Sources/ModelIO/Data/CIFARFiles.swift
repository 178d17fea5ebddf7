import InferenceGraph

/// Batches of CIFAR-10 or CIFAR-100 (Krizhevsky 2009): a file of the binary format, or a folder with
/// training and test images, of the binary format or for Python.
struct CIFARFiles: DataContainer {
  let path: String
  let notes: [String]
  private let batches: [Batch]

  /// The number of bytes of an image.
  static let imageSize = 3 * 32 * 32

  /// A file: images (N, 3, 32, 32) of bytes, and their classes.
  private typealias Batch = (images: any StoredArray, labels: any StoredArray, kind: DataKeys)

  /// Opens a file of the binary format; nil if it is none.
  ///
  /// - Throws: ``FileError`` if it cannot be read.
  init?(file path: String) throws(FileError) {
    guard let batch = try Self.records(path) else { return nil }
    (self.path, batches, notes) = (path, [batch], [])
  }

  /// Opens a folder; nil if it does not hold files with the names of either format.
  ///
  /// - Throws: ``FileError`` if one of them has other contents, or cannot be read.
  init?(folder path: String, part: DataPart?, sandbox: Sandbox) throws(FileError) {
    guard let names = try Self.names(in: path, part: part) else { return nil }
    var batches: [Batch] = []
    for name in names {
      let place = FolderListing.path(path, name)
      let batch =
        try FileKind(at: place) == .pickle
        ? Self.pickle(place, sandbox) : Self.records(place)
      guard let batch, batch.kind == batches.first?.kind ?? batch.kind else {
        throw FileError(
          .badData, path: place,
          "has the name of a batch of CIFAR, but other contents; copy it again")
      }
      batches.append(batch)
    }
    (self.path, self.batches) = (path, batches)
    notes = ["\(path): takes the images in \(names.joined(separator: ", "))"]
  }

  /// Returns the SHA-256 of a part's file in a folder, or of the hashes of all its files; nil as for
  /// opening it.
  ///
  /// - Throws: ``FileError`` if a file cannot be read.
  static func sha256(ofFolder path: String, part: DataPart?) throws(FileError) -> String? {
    guard let names = try names(in: path, part: part) else { return nil }
    var hashes: [String] = []
    for name in names {
      hashes.append(
        try ModelIO.sha256(of: FileDescriptor(FolderListing.path(path, name))))
    }
    return JoinedArray.joined(hashes)
  }

  /// Returns the names of a part's files in a folder; nil if it has none with such names.
  private static func names(
    in folder: String, part: DataPart?
  ) throws(FileError) -> [String]? {
    let all = try FolderListing(folder).files
    for end in [".bin", ""] {
      let names = all.filter { name in
        guard name.hasSuffix(end) else { return false }
        let stem = name.dropLast(end.utf8.count)
        guard part == .train else { return stem == "test_batch" || name == "test.bin" }
        return stem.hasPrefix("data_batch_") && stem.dropFirst(11).allSatisfy(\.isNumber)
          || name == "train.bin"
      }
      if !names.isEmpty { return names }
    }
    // CIFAR-100 for Python has these names; a folder of images has folders of these names.
    let name = part == .train ? "train" : "test"
    guard all.contains("meta"), all.contains(name) else { return nil }
    return [name]
  }

  /// Opens a batch for Python; nil if it holds other arrays.
  private static func pickle(_ path: String, _ sandbox: Sandbox) throws(FileError) -> Batch? {
    let file = try PickledArrays(FileDescriptor(path), sandbox: sandbox)
    for keys in [DataKeys.cifar10, .cifar100] {
      if let images = file.array(keys.images), let labels = file.array(keys.labels),
        images.rawType == .uint8, images.shape.dropFirst() == [3, 32, 32],
        labels.shape == [images.shape[0]], labels.elementClass == .integer
      {
        return (images, labels, keys)
      }
    }
    return nil
  }

  /// Opens a file of records; nil if it is none.
  private static func records(_ path: String) throws(FileError) -> Batch? {
    let content = try FileDescriptor(path)
    for (prefix, classCount, keys) in [(1, 10, DataKeys.cifar10), (2, 100, .cifar100)] {
      let size = prefix + imageSize
      guard content.size > 0, content.size % size == 0 else { continue }
      var labels: [Int32] = []
      // A megabyte at a time.
      let step = 341 * size
      for start in stride(from: 0, to: content.size, by: step) {
        let piece = try content.bytes(at: start, count: min(step, content.size - start))
        for place in stride(from: prefix - 1, to: piece.count, by: size) {
          labels.append(Int32(piece[place]))
        }
      }
      if labels.allSatisfy({ $0 < classCount }) {
        let images = Records(content: content, prefix: prefix, count: labels.count)
        return (images, MemoryArray(DataKeys.standard.labels, of: labels), keys)
      }
    }
    return nil
  }

  var noun: String { "array" }
  var hasNames: Bool { false }
  func usualKeys(_ part: DataPart?) -> [DataKeys] { [.standard] }
  var numberArrays: [any StoredArray] { [] }
  func contents() -> String { "(it is a batch of CIFAR)" }

  func array(_ name: String) throws(FileError) -> (any StoredArray)? {
    switch name {
    case DataKeys.standard.images: JoinedArray(batches.map(\.images), path: name)
    case DataKeys.standard.labels: JoinedArray(batches.map(\.labels), path: name)
    default: nil
    }
  }

  /// The images of a file of the binary format.
  ///
  /// A record is one byte with the class, in CIFAR-100 after one with the superclass, and 3,072
  /// bytes `[channel][row][column]`. There is no header, so that a file is told by its size and
  /// classes.
  private struct Records: StoredArray {
    let content: FileDescriptor
    /// The number of bytes in front of an image, the last of which is the class.
    let prefix: Int
    let count: Int
    let path = DataKeys.standard.images

    var shape: [Int] { [count, 3, 32, 32] }
    var elementClass: HDF5DatasetInfo.ElementClass { .integer }
    var elementSize: Int { 1 }
    var rawType: ElementType? { .uint8 }

    func read(
      rows: Range<Int>, as type: ElementType, into buffer: UnsafeMutableRawBufferPointer
    ) throws(FileError) {
      let size = imageSize * type.size
      precondition(buffer.count >= rows.count * size, "a buffer of \(buffer.count) for \(rows)")
      let record = imageSize + prefix
      for row in rows {
        let bytes = try content.bytes(at: row * record + prefix, count: imageSize)
        let place = (row - rows.lowerBound) * size
        // The image is only read, and the part of the buffer has room for it.
        unsafe bytes.withUnsafeBytes {
          unsafe NumpyType.byte.convert(
            $0, to: type, into: .init(rebasing: buffer[place..<place + size]))
        }
      }
    }

    func sha256() throws(FileError) -> String { try ModelIO.sha256(of: content) }
  }
}

extension DataKeys {
  /// The names in a batch of CIFAR-10 for Python.
  static let cifar10 = DataKeys(images: "data", labels: "labels")
  /// The names in a batch of CIFAR-100 for Python.
  static let cifar100 = DataKeys(images: "data", labels: "fine_labels")
}
