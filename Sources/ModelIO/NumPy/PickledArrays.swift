/// The arrays and lists of numbers in a pickle of a dictionary, such as a batch of CIFAR-10 or
/// CIFAR-100 for Python (Krizhevsky 2009).
///
/// Nothing in the pickle runs; see ``PickleMachine``.
struct PickledArrays: DataContainer {
  let path: String
  private let arrays: [any StoredArray]
  /// The names of all that it holds.
  private let names: [String]

  /// Reads where the arrays are.
  ///
  /// - Throws: ``FileError`` if the pickle is damaged, or names something besides arrays.
  init(_ content: FileDescriptor, sandbox: Sandbox) throws(FileError) {
    path = content.path
    guard content.size <= ArrayPickle.maximumSize else {
      throw FileError(
        .badData, path: path,
        "is a Python pickle of more than \(ArrayPickle.maximumSize >> 20) MiB; save its arrays with "
          + "numpy.savez")
    }
    let catalogue: Catalogue
    do {
      if let process = try SealedProcess.start(for: content, sandbox) {
        catalogue = try Catalogue(
          message: try process.answer(to: .arrays, limit: Catalogue.maximumSize))
      } else {
        catalogue = ArrayPickle.catalogue(of: try content.bytes(at: 0, count: content.size))
      }
      arrays = catalogue.entries.compactMap { Self.array($0, in: content) }
      guard arrays.count == catalogue.entries.count else { throw SealedFailure.invalidAnswer }
    } catch {
      throw FileError(error, reading: content, with: "the reader of pickles")
    }
    names = (catalogue.entries.map(\.name) + catalogue.others).sorted()
    if let refusal = catalogue.refusal {
      throw FileError(.badData, path: path, "\(refusal)\(FileKind.pickleAdvice(path))")
    }
  }

  /// Returns an array; nil if its elements are not in the file.
  private static func array(
    _ entry: Catalogue.Entry, in content: FileDescriptor
  ) -> (any StoredArray)? {
    switch entry.content {
    case .integers(let values):
      return MemoryArray(entry.name, of: values)
    case .stored(let name, let shape, let isFortran, let offset):
      guard let type = NumpyType(name),
        let size = HDF5DatasetInfo.byteCount(shape.map { UInt64($0) }, UInt64(type.size)),
        offset <= content.size, size <= content.size - offset
      else { return nil }
      let header = NumpyHeader(type: type, isFortran: isFortran, shape: shape).images
      return NumpyArray(
        entry.name, header, in: FileDescriptor(offset..<offset + size, of: content))
    }
  }

  var noun: String { "array" }

  func usualKeys(_ part: DataPart?) -> [DataKeys] {
    [
      .cifar10, .cifar100, .standard, DataKeys(images: "features", labels: "labels"),
      DataKeys(images: "images", labels: "labels"), DataKeys(images: "x", labels: "y"),
    ]
  }

  var numberArrays: [any StoredArray] { arrays.sorted { $0.path < $1.path } }

  func array(_ name: String) -> (any StoredArray)? { arrays.first { $0.path == name } }

  func contents() -> String {
    let list = names.prefix(5).joined(separator: ", ")
    return "(it has: \(list.isEmpty ? "nothing" : abbreviated(list)))"
  }
}

extension NumpyHeader {
  /// The same elements with CIFAR's rows of 3,072 bytes as images `[channel][row][column]`.
  fileprivate var images: NumpyHeader {
    guard shape.count == 2, shape[1] == CIFARFiles.imageSize, let type, type == .byte, !isFortran
    else { return self }
    return NumpyHeader(type: type, isFortran: false, shape: [shape[0], 3, 32, 32])
  }
}
