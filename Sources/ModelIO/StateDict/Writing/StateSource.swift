/// An open file of weights, for writing others with its tensors.
struct StateSource: Sendable {
  /// The new elements of tensors by their places.
  typealias Changes = [StateTensor.Place: ONNXElements]

  let content: FileDescriptor
  let catalogue: StateCatalogue
  private let version: FileVersion?

  init(_ file: StateFile) {
    content = file.content
    catalogue = file.catalogue
    version = FileVersion(of: file.content)
  }

  /// Throws if the file has changed since it was read, or is at `path`.
  func check(_ path: String) throws(FileError) {
    guard let version, FileVersion(of: content) == version else {
      throw FileError(
        .cannotWrite, path: path,
        "\(content.path), whose weights it takes, has changed since it was read; run it again")
    }
    if version.identity == FileIdentity(path) {
      throw FileError(.cannotWrite, path: path, "is the model that was read; give another name")
    }
  }

  /// Returns the tensors with new elements.
  func items(_ tensors: [StateTensor], _ changes: Changes) -> [StateItem] {
    tensors.map { StateItem(tensor: $0, content: content, changes: changes[$0.place]) }
  }

  /// Writes a copy of a safetensors file in which only the changed elements differ.
  ///
  /// - Throws: ``FileError`` if the file has changed, or the copy cannot be written.
  func writeCopy(_ changes: Changes, to path: String) throws(FileError) {
    try check(path)
    let edits = catalogue.tensors.compactMap { tensor in
      changes[tensor.place].map { ONNXEdit.elements($0, at: tensor.offset..<tensor.end) }
    }
    let copy: ONNXCopy
    do {
      copy = try ONNXCopy(size: content.size, messages: [], edits)
    } catch {
      throw FileError(refused: error.finding, path: content.path)
    }
    try copy.write(from: content, to: path)
  }

  /// Writes the tensors as a new file.
  ///
  /// - Parameter format: The format, safetensors or PyTorch; a checkpoint keeps all around the weights
  ///   that can be written.
  /// - Throws: ``FileError`` if the file has changed, the format has no such tensors, or the new file
  ///   cannot be written.
  func write(
    _ changes: Changes, as format: ModelFormat, to path: String
  ) throws(FileError) {
    try check(path)
    guard format == .pt, let skeleton = catalogue.skeleton else {
      return try StateWriter(items(catalogue.tensors, changes), path).write(as: format)
    }
    try StateWriter(items(catalogue.tensors + catalogue.others, changes), path)
      .writeCheckpoint(skeleton)
  }
}

extension StateTensor {
  /// The place of a tensor's elements.
  struct Place: Sendable, Hashable {
    let offset: Int
    let type: ONNXElementType
    let shape: [Int]
    let strides: [Int]
  }

  var place: Place { Place(offset: offset, type: type, shape: shape, strides: strides) }

  /// The place behind the last element; for a tensor that fits in a file.
  var end: Int { offset + (extent ?? 0) * type.size }
}

/// A tensor to write.
struct StateItem: Sendable {
  /// The tensor in its file.
  var tensor: StateTensor
  /// The file.
  var content: FileDescriptor
  /// Its new elements in row-major order; nil if they stay.
  var changes: ONNXElements?

  /// The number of bytes.
  var size: Int { (tensor.count ?? 0) * tensor.type.size }

  /// Calls `body` with the bytes in row-major order, piece by piece.
  ///
  /// - Throws: ``FileError`` if the file cannot be read, or the error of `body`.
  func forEachPiece(_ body: ([UInt8]) throws -> Void) throws {
    let width = tensor.type.size
    func changed(_ bytes: [UInt8], from start: Int) -> [UInt8] {
      let first = start / width
      return changes?.bytes(of: first..<first + bytes.count / width, old: bytes) ?? bytes
    }
    if size == 0 { return }
    guard tensor.isContiguous else {
      return try body(changed(try tensor.bytes(in: content), from: 0))
    }
    for part in (0..<size).parts(of: ONNXCopy.bufferSize) {
      let bytes = try content.bytes(at: tensor.offset + part.lowerBound, count: part.count)
      try body(changed(bytes, from: part.lowerBound))
    }
  }
}
