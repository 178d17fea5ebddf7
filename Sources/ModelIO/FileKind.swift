#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// The kind of a file or folder by its contents, regardless of its name.
///
/// Error messages use it to tell which file was passed by mistake. Only signatures are compared;
/// nothing is parsed.
enum FileKind: Sendable, Hashable, CaseIterable {
  /// HDF5, with or without a user block in front.
  case hdf5
  /// A file of size 0.
  case empty
  /// A Git LFS pointer, the text that replaces a file in a repository.
  case gitLFSPointer
  /// A model in Keras's own format (.keras), a zip archive.
  case kerasArchive
  /// Several NumPy arrays (.npz), a zip archive.
  case numpyArchive
  /// A PyTorch model or tensors, a zip archive.
  case torchArchive
  /// A program of `torch.export` (.pt2), a zip archive.
  case torchProgram
  /// The form of such files before PyTorch 1.6.
  case torchLegacy
  /// Weights in the safetensors format.
  case safetensors
  /// Any other zip archive.
  case zip
  /// A NumPy array (.npy).
  case numpyArray
  /// A Python pickle; loading it would run code.
  case pickle
  case gzip
  case tar
  /// A MATLAB file older than version 7.3, which is not HDF5.
  case matlab5
  /// The uncompressed IDX format of MNIST (LeCun).
  case idx
  case png
  case jpeg
  case onnx
  /// TensorFlow Lite.
  case tflite
  /// A SavedModel folder of TensorFlow.
  case savedModel
  /// The file `saved_model.pb` in such a folder.
  case savedModelGraph
  /// Any other folder.
  case folder
  case json
  case other

  /// Determines the kind of the file or folder at a path.
  ///
  /// - Throws: ``FileError`` if it is missing or cannot be opened.
  init(at path: String) throws(FileError) {
    var status = stat()
    if unsafe stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
      self = unsafe access("\(path)/saved_model.pb", F_OK) == 0 ? .savedModel : .folder
    } else {
      self.init(of: try FileDescriptor(path))
    }
  }

  /// Determines the kind of an open file.
  init(of content: FileDescriptor) {
    let start = content.prefix(count: 512)
    self = Self.kind(of: start, size: content.size)
    if start.starts(with: "PK\u{3}\u{4}".utf8), let kind = Self.archive(content) { self = kind }
    // A user block of 512 bytes, or a power of two times that, may precede the HDF5 superblock. The
    // weights in a Keras archive may begin at such a place by chance.
    if [.other, .zip, .matlab5].contains(self), !Self.superblocks(in: content).isEmpty {
      self = .hdf5
    }
  }

  /// The signature of an HDF5 superblock.
  static let signature: [UInt8] = [0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A]

  /// Returns the kind of a file from its first bytes, at most 512 of them.
  static func kind(of start: [UInt8], size: Int) -> FileKind {
    func starts(_ bytes: [UInt8], at offset: Int = 0) -> Bool {
      start.dropFirst(offset).starts(with: bytes)
    }
    func starts(_ text: String, at offset: Int = 0) -> Bool { starts(Array(text.utf8), at: offset) }
    if start.isEmpty { return .empty }
    if starts(signature) { return .hdf5 }
    if starts("version https://git-lfs") { return .gitLFSPointer }
    if starts("PK\u{3}\u{4}") { return archive(start) }
    if starts([0x93] + Array("NUMPY".utf8)) { return .numpyArray }
    if starts([0x1F, 0x8B, 8]) { return .gzip }
    if starts("ustar", at: 257) { return .tar }
    if starts("MATLAB 5.0 MAT-file") { return .matlab5 }
    if starts(PNGHeader.signature) { return .png }
    if starts([0xFF, 0xD8, 0xFF]) { return .jpeg }
    if starts("TFL3", at: 4) { return .tflite }
    // The length of the JSON header, then the header.
    if start.count > 8, start[4..<8].allSatisfy({ $0 == 0 }), start[8] == UInt8(ascii: "{") {
      return .safetensors
    }
    if starts([0, 0, 8]), start.count > 3, (1...4).contains(start[3]) { return .idx }
    if starts(TorchLegacy.signature) { return .torchLegacy }
    // A pickle begins with the opcode PROTO and the protocol version.
    if start[0] == 0x80, start.count > 1, (2...5).contains(start[1]) { return .pickle }
    // Two protobuf fields: the format version, then the first length-delimited one.
    if start[0] == 0x08, start.count > 2, (1...32).contains(start[1]),
      [0x12, 0x1A, 0x3A, 0x42].contains(start[2])
    {
      return start[1] == 1 && start[2] == 0x12 ? .savedModelGraph : .onnx
    }
    let text = start.drop { [0x20, 0x09, 0x0A, 0x0D].contains($0) }
    if let first = text.first, "{[".utf8.contains(first) { return .json }
    return .other
  }

  /// Returns the kind of a damaged zip archive from the name of its first member.
  private static func archive(_ start: [UInt8]) -> FileKind {
    guard start.count > 30 else { return .zip }
    let length = Int(start[26]) | Int(start[27]) << 8
    let name = String(decoding: start[30...].prefix(length), as: UTF8.self)
    if ["metadata.json", "config.json", "model.weights.h5"].contains(name) { return .kerasArchive }
    if name.hasSuffix(".npy") { return .numpyArchive }
    if name.hasSuffix("/data.pkl") || name.hasSuffix("/.format_version") { return .torchArchive }
    return .zip
  }

  /// The kind as a phrase for messages, with an article.
  var words: String {
    switch self {
    case .hdf5: "an HDF5 file"
    case .empty: "empty"
    case .gitLFSPointer: "a Git LFS pointer, not the file itself"
    case .kerasArchive: "a Keras model (.keras)"
    case .numpyArchive: "a NumPy archive (.npz)"
    case .torchArchive, .torchLegacy: "a file of PyTorch"
    case .torchProgram: "a program of torch.export (.pt2)"
    case .safetensors: "a safetensors file"
    case .zip: "a zip archive"
    case .numpyArray: "a NumPy array (.npy)"
    case .pickle: "a Python pickle"
    case .gzip: "packed with gzip"
    case .tar: "a tar archive"
    case .matlab5: "a MATLAB file older than version 7.3"
    case .idx: "an IDX file, the format of MNIST"
    case .png: "a PNG image"
    case .jpeg: "a JPEG image"
    case .onnx: "an ONNX model"
    case .tflite: "a TensorFlow Lite model"
    case .savedModel: "a SavedModel folder of TensorFlow"
    case .savedModelGraph: "the graph of a TensorFlow SavedModel"
    case .folder: "a folder"
    case .json: "JSON"
    case .other: "of an unknown kind"
    }
  }
}

extension FileDescriptor {
  /// Returns whether the file has these bytes at `offset`.
  func starts(with bytes: [UInt8], at offset: Int) -> Bool {
    guard offset <= size - bytes.count else { return false }
    var found = [UInt8](repeating: 0, count: bytes.count)
    // The buffer is used during the call only; a closure cannot rethrow a typed error.
    return unsafe found.withUnsafeMutableBytes { buffer in
      do throws(FileError) {
        unsafe try read(at: offset, into: buffer)
        return true
      } catch {
        return false
      }
    } && found == bytes
  }
}
