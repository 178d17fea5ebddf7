import InferenceGraph

/// Images and labels in two IDX files, as MNIST and its likes come: a file of images beside one of
/// labels, or a folder with both for training and for testing.
///
/// The labels of `train-images-idx3-ubyte` are in `train-labels-idx1-ubyte`. Either may be packed
/// with gzip.
struct IDXFiles: DataContainer {
  let path: String
  let notes: [String]
  private let images: ByteArray
  private let labels: ByteArray

  /// Opens a file of images; nil if there is no file of labels beside it.
  ///
  /// - Throws: ``FileError`` if one of them is damaged or has no bytes.
  init?(
    file path: String, note: String? = nil, named folder: String? = nil, sandbox: Sandbox
  ) throws(FileError) {
    guard let other = Self.labelsPath(path) else { return nil }
    self.path = folder ?? path
    notes = note.map { ["\(folder ?? path): \($0)"] } ?? []
    images = try ByteArray(DataKeys.standard.images, path, sandbox)
    labels = try ByteArray(DataKeys.standard.labels, other, sandbox)
  }

  /// Opens a folder; nil if it does not hold files with the names of this format.
  ///
  /// - Throws: ``FileError`` as for a file.
  init?(folder path: String, part: DataPart?, sandbox: Sandbox) throws(FileError) {
    guard let name = try Self.images(in: path, part: part) else { return nil }
    try self.init(
      file: FolderListing.path(path, name), note: "takes the images in \(name)", named: path,
      sandbox: sandbox)
  }

  /// Returns the name of the file with the images of a part; nil if a folder does not hold files
  /// with the names of this format.
  private static func images(in folder: String, part: DataPart?) throws(FileError) -> String? {
    let names = part == .train ? ["train-images"] : ["t10k-images", "test-images"]
    return try FolderListing(folder).files.first { file in
      let stem = stem(file)
      return names.contains { stem == "\($0)-idx3-ubyte" || stem == "\($0).idx3-ubyte" }
    }
  }

  /// Returns the SHA-256 of the images' file in a folder; nil as for opening it.
  ///
  /// - Throws: ``FileError`` if it cannot be read.
  static func sha256(ofFolder path: String, part: DataPart?) throws(FileError) -> String? {
    guard let name = try images(in: path, part: part) else { return nil }
    return try ModelIO.sha256(of: FileDescriptor(FolderListing.path(path, name)))
  }

  /// Returns a name without the extension of gzip.
  private static func stem(_ name: String) -> String {
    name.hasSuffix(".gz") ? String(name.dropLast(3)) : name
  }

  /// Returns the path of the labels of a file of images, by its name; nil if there is no such file.
  private static func labelsPath(_ path: String) -> String? {
    let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
    let name = stem(String(path.dropFirst(folder.count)))
    let other = name.replacing("images", with: "labels").replacing("idx3", with: "idx1")
    guard other != name else { return nil }
    return [other, "\(other).gz"].map { folder + $0 }.first { path in
      (try? FileKind(at: path)).map { $0 == .idx || $0 == .gzip } ?? false
    }
  }

  var noun: String { "array" }
  var hasNames: Bool { false }
  func usualKeys(_ part: DataPart?) -> [DataKeys] { [.standard] }
  var numberArrays: [any StoredArray] { [] }
  func contents() -> String { "(it is IDX)" }

  func array(_ name: String) throws(FileError) -> (any StoredArray)? {
    [images, labels].first { $0.path == name }
  }

  /// A file of bytes.
  private struct ByteArray: StoredArray {
    let path: String
    let shape: [Int]
    private let file: FileDescriptor
    /// The file, or what is packed in it.
    private let content: FileDescriptor
    private let offset: Int

    /// Reads the header of a file.
    init(_ name: String, _ path: String, _ sandbox: Sandbox) throws(FileError) {
      self.path = name
      file = try FileDescriptor(path)
      let packed = FileKind(of: file) == .gzip ? try GzipFile(file, sandbox: sandbox) : nil
      let start = IDX.headerSize(rank: IDX.maximumRank)
      // Only what has this header is unpacked.
      let header = try IDX.Header(
        packed?.prefix(count: start) ?? file.prefix(count: start), size: packed?.size ?? file.size,
        path: path)
      content = try packed?.unpacked() ?? file
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

    func sha256() throws(FileError) -> String { try ModelIO.sha256(of: file) }
  }
}
