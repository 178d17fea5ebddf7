import InferenceGraph

/// An open ONNX file: its catalogue, and its tensors' elements on request.
final class ONNXFile {
  var catalogue: ONNXCatalogue
  let content: FileDescriptor
  /// The file whose weights replace those of the network; see ``take(_:)``.
  var weights: StateFile?
  /// The other files that hold tensors, by name.
  private var others: [String: FileDescriptor] = [:]
  /// The number of elements that may still be read or made.
  var left: Int

  /// Wraps a network without the elements of its tensors, for ``take(_:)``.
  ///
  /// - Parameter content: The file that tells the network.
  init(_ catalogue: ONNXCatalogue, from content: FileDescriptor) {
    self.catalogue = catalogue
    self.content = content
    left = 1 << 26
  }

  /// Parses an open file.
  ///
  /// - Parameter sandbox: Whether a sealed process parses the file.
  /// - Throws: ``FileError`` if the file cannot be read or is refused.
  init(_ content: FileDescriptor, sandbox: Sandbox) throws(FileError) {
    self.content = content
    // Several operators may read one tensor, but not arbitrarily many.
    left = 1 << 26
    do {
      let message: [UInt8]
      if let process = try SealedProcess.start(for: content, sandbox) {
        message = try process.answer(to: .network, limit: ONNXCatalogue.maximumSize)
      } else {
        let bytes = try content.bytes(in: 0..<content.size)
        // Bytes have no padding, which a raw span must not have.
        message = ONNXCatalogue.message(of: unsafe bytes.span.bytes)
      }
      catalogue = try ONNXCatalogue(message: message)
    } catch let error as ONNXRefusal {
      throw FileError(refused: error.finding, path: content.path)
    } catch {
      throw FileError(error, reading: content, with: "the ONNX parser")
    }
    left += 4 * content.size
  }

  /// Returns the elements of a tensor, rounded to 32 bits.
  ///
  /// - Throws: ``ONNXRefusal`` if the tensor's claims do not fit the file, ``FileError`` if the
  ///   file cannot be read.
  func floats(_ tensor: ONNXTensor) throws -> [Float] {
    let (type, bytes) = try elements(of: tensor)
    return Self.values(bytes, size: type.size, as: type.float)
  }

  /// Returns the elements of an integer tensor.
  ///
  /// - Throws: As ``floats(_:)``.
  func integers(_ tensor: ONNXTensor) throws -> [Int64] {
    let (type, bytes) = try elements(of: tensor)
    guard !type.isFloat else {
      throw ONNXRefusal(
        .onnxGraph, at: tensor.name, "tensor '\(abbreviated(tensor.name))' should hold integers")
    }
    return Self.values(bytes, size: type.size, as: type.integer)
  }

  static func values<Value>(
    _ bytes: [UInt8], size: Int, as value: (UInt64) -> Value
  ) -> [Value] {
    let bytes = bytes.span
    return (0..<bytes.count / size).map { index in
      var bits: UInt64 = 0
      for offset in (0..<size).reversed() {
        bits = bits << 8 | UInt64(bytes[index * size + offset])
      }
      return value(bits)
    }
  }

  private func elements(of tensor: ONNXTensor) throws -> (ONNXElementType, [UInt8]) {
    let name = abbreviated(tensor.name)
    if let entry = replacement(of: tensor), let weights {
      // Other elements may lie between those of the tensor.
      try use(max(entry.tensor.extent ?? 0, entry.tensor.count ?? 0), of: tensor.name)
      return (entry.type, try weights.bytes(of: entry))
    }
    guard let type = ONNXElementType(rawValue: tensor.type) else {
      throw ONNXRefusal(
        .onnxUnsupported, at: name,
        "tensor '\(name)' has elements of type \(tensor.type), which is not supported; export the "
          + "model in 32-bit floats")
    }
    var count = 1
    for extent in tensor.shape {
      let (product, overflows) = count.multipliedReportingOverflow(by: Int(extent))
      guard extent >= 0, !overflows else { throw Self.misfit(name) }
      count = product
    }
    try use(count, of: tensor.name)
    let size = count * type.size
    switch tensor.storage {
    case .decoded(let bytes):
      guard bytes.count == size else { throw Self.misfit(name) }
      return (type, bytes)
    case .file(let offset, let stored):
      guard stored == size, offset >= 0, offset <= content.size - size else {
        throw Self.misfit(name)
      }
      return (type, try content.bytes(in: offset..<offset + size))
    case .external(let location, let offset, let stored):
      let file = try other(location, for: name)
      guard stored ?? size == size, offset <= file.size - size else { throw Self.misfit(name) }
      return (type, try file.bytes(in: offset..<offset + size))
    }
  }

  /// Counts elements that are read or made.
  ///
  /// - Throws: ``ONNXRefusal`` if they are far more than those of an honest file.
  func use(_ count: Int, of tensor: String) throws(ONNXRefusal) {
    guard count <= left else {
      let name = abbreviated(tensor)
      throw ONNXRefusal(.onnxSize, at: name, "tensor '\(name)' is too large, or read too often")
    }
    left -= count
  }

  private static func misfit(_ name: String) -> ONNXRefusal {
    ONNXRefusal(
      .onnxDamaged, at: name,
      "tensor '\(name)' has another size than its shape says; export the model again")
  }

  /// Opens a file with weights in the model's folder.
  ///
  /// - Throws: ``ONNXRefusal`` for a name that is not allowed or a link, ``FileError`` if it cannot be
  ///   opened.
  func other(_ name: String, for tensor: String) throws -> FileDescriptor {
    if let file = others[name] { return file }
    guard !name.isEmpty, name.first != ".", !name.contains("/"), !name.contains("\0") else {
      throw ONNXRefusal(
        .onnxExternal, at: tensor,
        "tensor '\(tensor)' is in the file '\(abbreviated(name))', which is not in the model's "
          + "folder")
    }
    guard others.count < Self.maximumFiles else {
      throw ONNXRefusal(
        .onnxExternal, at: tensor, "has its tensors in more than \(Self.maximumFiles) files")
    }
    let folder = content.path.lastIndex(of: "/").map { content.path[...$0] } ?? ""
    guard let file = try FileDescriptor(plain: folder + name) else {
      throw ONNXRefusal(
        .onnxExternal, at: tensor,
        "tensor '\(tensor)' is in '\(abbreviated(name))', which is a link or has several names; "
          + "copy the file itself beside the model")
    }
    others[name] = file
    left += 4 * file.size
    return file
  }

  private static let maximumFiles = 64

  // MARK: Shared bytes

  /// Whether no other tensor lies in the bytes of a tensor.
  func isAlone(_ tensor: ONNXStoredTensor) -> Bool {
    // The tensors of another file of weights are examined where it is written.
    guard weights == nil, case .other(let file, let offset) = tensor.home else { return true }
    return !sharedOffsets[file, default: []].contains(offset)
  }

  /// The offsets of tensors in other files whose bytes belong to further tensors.
  private lazy var sharedOffsets: [String: Set<Int>] = {
    var ranges: [String: [Range<Int>]] = [:]
    let inNodes = catalogue.nodes.flatMap(\.attributes).compactMap { attribute in
      if case .tensor(let tensor) = attribute.content { tensor } else { nil }
    }
    for tensor in catalogue.tensors + inNodes {
      guard case .external(let file, let offset, _) = tensor.storage,
        let type = ONNXElementType(rawValue: tensor.type)
      else { continue }
      // More bytes than any file has stand for a size that overflows.
      let size = tensor.shape.reduce(Double(type.size)) { $0 * Double($1) }
      let end = size >= 0 && size < 0x1p62 ? offset &+ Int(size) : .max
      ranges[file, default: []].append(offset..<max(offset, end))
    }
    return ranges.mapValues { ranges in
      var shared: Set<Int> = []
      var previous = 0..<0
      for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
        if range.lowerBound < previous.upperBound {
          shared.formUnion([previous.lowerBound, range.lowerBound])
        }
        if range.upperBound > previous.upperBound { previous = range }
      }
      return shared
    }
  }()
}
