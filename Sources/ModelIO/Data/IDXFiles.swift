import InferenceGraph

/// Images and labels in two IDX files, as MNIST and its likes come: a file of images beside one of
/// labels, or a folder with both for training and for testing.
///
/// The labels of `train-images-idx3-ubyte` are in `train-labels-idx1-ubyte`.
struct IDXFiles: DataContainer {
  let path: String
  let notes: [String]
  private let images: ByteArray
  private let labels: ByteArray

  /// Opens a file of images; nil if there is no file of labels beside it.
  ///
  /// - Throws: ``FileError`` if one of them is damaged or has no bytes.
  init?(file path: String, note: String? = nil, named folder: String? = nil) throws(FileError) {
    guard let other = Self.labelsPath(path) else { return nil }
    self.path = folder ?? path
    notes = note.map { ["\(folder ?? path): \($0)"] } ?? []
    images = try ByteArray(DataKeys.standard.images, path)
    labels = try ByteArray(DataKeys.standard.labels, other)
  }

  /// Opens a folder; nil if it does not hold files with the names of this format.
  ///
  /// - Throws: ``FileError`` as for a file.
  init?(folder path: String, part: DataPart?) throws(FileError) {
    let names = part == .train ? ["train-images"] : ["t10k-images", "test-images"]
    let found = try FolderListing(path).files.first { file in
      names.contains { file == "\($0)-idx3-ubyte" || file == "\($0).idx3-ubyte" }
    }
    guard let found else { return nil }
    try self.init(
      file: FolderListing.path(path, found), note: "takes the images in \(found)", named: path)
  }

  /// Returns the path of the labels of a file of images, by its name; nil if there is no such file.
  private static func labelsPath(_ path: String) -> String? {
    let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
    let name = String(path.dropFirst(folder.count))
    let other = name.replacing("images", with: "labels").replacing("idx3", with: "idx1")
    guard other != name, case .idx? = try? FileKind(at: folder + other) else { return nil }
    return folder + other
  }

  var noun: String { "array" }
  var hasNames: Bool { false }
  func usualKeys(_ part: DataPart?) -> [DataKeys] { [.standard] }
  var numberArrays: [any StoredArray] { [] }
  func contents() -> String { "(it is IDX)" }

  /// Returns the SHA-256 of the images' file.
  func sha256() throws(FileError) -> String { try images.sha256() }

  func array(_ name: String) throws(FileError) -> (any StoredArray)? {
    [images, labels].first { $0.path == name }
  }

  /// A file of bytes.
  private struct ByteArray: StoredArray {
    let path: String
    let shape: [Int]
    private let content: FileDescriptor
    private let offset: Int

    /// Reads the header of a file.
    init(_ name: String, _ path: String) throws(FileError) {
      self.path = name
      content = try FileDescriptor(path)
      let header = try IDX.Header(
        content.prefix(count: IDX.headerSize(rank: IDX.maximumRank)), size: content.size,
        path: path)
      shape = header.extents
      offset = header.size
    }

    var elementClass: HDF5DatasetInfo.ElementClass { .integer }
    var elementSize: Int { 1 }
    var rawType: ElementType? { .uint8 }

    func read(
      rows: Range<Int>, as type: ElementType, into buffer: UnsafeMutableRawBufferPointer
    ) throws(FileError) {
      let bytes = try content.bytes(
        at: offset + rows.lowerBound * rowCount, count: rows.count * rowCount)
      // The bytes are only read; the buffer is checked.
      unsafe bytes.withUnsafeBytes {
        unsafe NumpyType.byte.convert($0, to: type, into: buffer)
      }
    }

    func sha256() throws(FileError) -> String { try ModelIO.sha256(of: content) }
  }
}
