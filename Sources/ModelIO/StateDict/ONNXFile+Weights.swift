/// A network of an ONNX file with the weights of another file.
extension ONNXFile {
  /// Replaces the tensors of the network by those of the same name.
  ///
  /// A name that the exporter made an alias of another tensor, because both were equal when the
  /// network was exported, becomes a tensor again.
  func take(_ weights: StateFile) {
    self.weights = weights
    left += 4 * weights.content.size
    var places: [String: Int] = [:]
    for (index, tensor) in catalogue.tensors.enumerated() { places[tensor.name] = index }
    func alias(_ node: ONNXCatalogue.Node) -> Int? {
      guard node.operation == ONNXOperator.identity.rawValue, node.domain.isEmpty,
        node.inputs.count == 1, node.outputs.count == 1, places[node.outputs[0]] == nil
      else { return nil }
      return places[node.inputs[0]]
    }
    let aliases = catalogue.nodes.filter { alias($0) != nil }.map { $0.outputs[0] }
    if !(Array(places.keys) + aliases).contains(where: { weights.entries[$0] != nil }) {
      weights.dropFirstComponent()
    }
    var nodes: [ONNXCatalogue.Node] = []
    for node in catalogue.nodes {
      guard let index = alias(node), weights.entries[node.outputs[0]] != nil else {
        nodes.append(node)
        continue
      }
      var tensor = catalogue.tensors[index]
      tensor.name = node.outputs[0]
      catalogue.tensors.append(tensor)
    }
    catalogue.nodes = nodes
    for index in catalogue.tensors.indices {
      let tensor = catalogue.tensors[index]
      guard let entry = replacement(of: tensor) else { continue }
      // The kinds of numbers are checked later.
      if entry.type.isFloat == tensor.isFloat {
        catalogue.tensors[index].type = entry.type.rawValue
      }
    }
  }

  /// Returns the weight that replaces a tensor; nil if there is none.
  func replacement(of tensor: ONNXTensor) -> StateFile.Entry? {
    // Tensors within nodes have other names.
    tensor.place == nil ? nil : weights?.entries[tensor.name]
  }

  /// Checks that every weight is one of the network, and every weight of the network is replaced.
  ///
  /// An exporter that folds batch normalization into convolutions keeps the names and shapes of their
  /// kernels, so that replacing those alone would go unnoticed.
  ///
  /// - Throws: ``FileError`` about the file of weights.
  func check(_ weights: StateFile, in network: ONNXNetwork) throws(FileError) {
    let own = content.path.split(separator: "/").last.map(String.init) ?? content.path
    func refusal(_ name: String, _ message: String) -> FileError {
      FileError(
        refused: Finding(.stateDict, at: abbreviated(name), message), path: weights.content.path)
    }
    var tensors: [String: ONNXTensor] = [:]
    for tensor in catalogue.tensors where network.readers[tensor.name] != nil {
      tensors[tensor.name] = tensor
    }
    let names = weights.entries.keys.filter { !Self.isCounter($0) }.sorted()
    for name in names {
      guard let tensor = tensors[name], let entry = weights.entries[name] else { continue }
      let title = abbreviated(name)
      guard Self.squeezed(tensor.shape) == Self.squeezed(entry.shape.map { Int64($0) }) else {
        throw refusal(
          name,
          "tensor '\(title)' is \(Self.text(entry.shape)), but "
            + "\(Self.text(tensor.shape)) in \(own); give the ONNX file of the same network")
      }
      guard entry.type.isFloat == tensor.isFloat else {
        throw refusal(
          name,
          "tensor '\(title)' holds another kind of numbers than in \(own); give the ONNX file "
            + "of the same network")
      }
    }
    let unread = names.filter { tensors[$0] == nil }
    if let name = unread.first, let entry = weights.entries[name] {
      let others = unread.count > 1 ? " (and \(unread.count - 1) more)" : ""
      throw refusal(
        name,
        "tensor '\(abbreviated(name))', \(Self.text(entry.shape))\(others), is not read in \(own), "
          + "as if normalization were folded into other layers there; \(Self.advice)")
    }
    let missing = catalogue.tensors.filter { tensor in
      tensor.isFloat && tensors[tensor.name] != nil && weights.entries[tensor.name] == nil
        && tensor.shape.contains { $0 > 1 }
    }
    if let tensor = missing.first {
      let others = missing.count > 1 ? " (and \(missing.count - 1) more)" : ""
      throw refusal(
        tensor.name,
        "lacks '\(abbreviated(tensor.name))', \(Self.text(tensor.shape))\(others), which \(own) has; "
          + Self.advice)
    }
  }

  private static let advice =
    "export the same network with torch.onnx.export(..., "
    + "training=torch.onnx.TrainingMode.PRESERVE, do_constant_folding=False, dynamo=False)"

  /// Whether a name is that of a count of training steps, which inference does not read.
  static func isCounter(_ name: String) -> Bool {
    name.split(separator: ".").last == "num_batches_tracked"
  }

  /// Returns the extents other than 1; without them, the order of elements is the same.
  private static func squeezed(_ shape: [Int64]) -> [Int64] { shape.filter { $0 != 1 } }

  private static func text(_ shape: [some BinaryInteger]) -> String {
    shape.isEmpty ? "a single number" : shape.map { "\($0)" }.joined(separator: "x")
  }
}

extension ONNXTensor {
  fileprivate var isFloat: Bool { ONNXElementType(rawValue: type)?.isFloat ?? false }
}

extension ONNXElementType {
  /// Returns the values of elements from their bytes, rounded to 32 bits.
  func floats(_ bytes: [UInt8]) -> [Float] { ONNXFile.values(bytes, size: size, as: float) }
}
