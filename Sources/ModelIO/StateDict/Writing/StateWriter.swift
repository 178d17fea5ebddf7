import InferenceGraph

/// Writes tensors as a new file.
struct StateWriter {
  private let items: [StateItem]
  private let path: String

  /// - Parameters:
  ///   - items: The tensors.
  ///   - path: The file to write.
  init(_ items: [StateItem], _ path: String) {
    self.items = items
    self.path = path
  }

  /// Writes the file: a dictionary of the tensors by name.
  ///
  /// - Parameter format: Safetensors or PyTorch.
  /// - Throws: ``FileError`` if PyTorch has no such tensors, or the file cannot be written.
  func write(as format: ModelFormat) throws(FileError) {
    if format == .pt {
      try writeCheckpoint(StateSkeleton(tensors: items.map(\.tensor.name)))
    } else {
      try writeSafetensors()
    }
  }

  // MARK: PyTorch

  /// Writes a checkpoint in PyTorch's zip form.
  ///
  /// Tensors in the same place of a file share their elements.
  ///
  /// - Parameter skeleton: What is around the tensors.
  func writeCheckpoint(_ skeleton: StateSkeleton) throws(FileError) {
    var keys: [StateTensor.Place: String] = [:]
    var tensors: [(key: String, type: ONNXElementType, shape: [Int])] = []
    var stored: [StateItem] = []
    for item in items {
      let tensor = item.tensor
      guard TorchPickle.name(of: tensor.type) != nil else {
        throw FileError(
          .cannotWrite, path: path,
          "tensor '\(abbreviated(tensor.name))' is of type \(tensor.type), which torch.save does not "
            + "write", remedies: [.set("format", to: [ModelFormat.safetensors.rawValue])])
      }
      let key = keys[tensor.place] ?? "\(stored.count)"
      if keys.updateValue(key, forKey: tensor.place) == nil { stored.append(item) }
      tensors.append((key, tensor.type, tensor.shape))
    }
    let pickle = TorchPickle(skeleton, tensors: tensors).bytes
    let sizes = [pickle.count] + stored.map(\.size)
    guard stored.count < Self.maximumMembers,
      sizes.reduce(0, { $0 + $1 + ZipStream.overhead }) + 4096 <= ZipStream.maximumSize
    else {
      throw FileError(
        .cannotWrite, path: path, "would be larger than 4 GiB, the most for a file of PyTorch here",
        remedies: [.set("format", to: [ModelFormat.safetensors.rawValue])])
    }
    try AtomicFile.write(to: path) { descriptor in
      var zip = ZipStream { try Descriptor.write($0, to: descriptor) }
      func add(_ name: String, _ bytes: [UInt8]) throws {
        try zip.add("archive/\(name)") { try $0(bytes) }
      }
      try add("data.pkl", pickle)
      try add("byteorder", Array("little".utf8))
      for (number, item) in stored.enumerated() {
        try zip.add("archive/data/\(number)") { try item.forEachPiece($0) }
      }
      try add("version", Array("3\n".utf8))
      try zip.finish()
    }
  }

  private static let maximumMembers = 65_500

  // MARK: safetensors

  /// Writes a safetensors file, with the tensors of the largest elements first, so that all are
  /// aligned.
  private func writeSafetensors() throws(FileError) {
    let sorted = [8, 4, 2, 1].flatMap { size in items.filter { $0.tensor.type.size == size } }
    var place = 0
    var members: [JSON.Member] = [.init(Safetensors.metadata, ["format": "pt"])]
    for item in sorted {
      let tensor = item.tensor
      members.append(
        .init(
          tensor.name,
          [
            "dtype": .string(Safetensors.name(of: tensor.type)),
            "shape": .array(tensor.shape.map { .int($0) }),
            "data_offsets": .array([.int(place), .int(place + item.size)]),
          ]))
      place += item.size
    }
    var header = Array(JSON.object(members).pythonText.utf8)
    header += Array(repeating: UInt8(ascii: " "), count: (8 - header.count % 8) % 8)
    guard header.count <= Safetensors.maximumHeader,
      items.allSatisfy({ $0.tensor.name != Safetensors.metadata })
    else {
      throw FileError(
        .cannotWrite, path: path, "has names of tensors that a safetensors file cannot hold",
        remedies: [.set("format", to: [ModelFormat.pt.rawValue])])
    }
    var length = MessageWriter()
    length.write(UInt64(header.count))
    try AtomicFile.write(to: path) { descriptor in
      try Descriptor.write(length.bytes + header, to: descriptor)
      for item in sorted {
        try item.forEachPiece { try Descriptor.write($0, to: descriptor) }
      }
    }
  }
}
