import InferenceGraph

/// Weights by name, without their network.
extension ModelFile {
  /// Throws unless a model's weights have the names of a file of weights or an ONNX file.
  static func checkWeights(of model: Model, at path: String) throws(FileError) {
    switch model.origin {
    case let origin as StateOrigin:
      guard let obstacle = origin.obstacle else { return }
      throw cannotWrite(path, "cannot be written as weights by name: \(obstacle)")
    case let origin as ONNXOrigin: _ = try items(origin, model.graph, path)
    default:
      throw cannotWrite(
        path, "has no names of weights as PyTorch's state dicts have them, being of Keras")
    }
  }

  /// Writes the weights of a model by name.
  ///
  /// - Parameter format: Safetensors or PyTorch.
  static func saveWeights(
    of model: Model, as format: ModelFormat, to path: String
  ) throws(FileError) {
    try checkWeights(of: model, at: path)
    if let origin = model.origin as? StateOrigin {
      guard origin.network.matches(model.graph) else { throw otherNetwork(path) }
      let changes = try origin.changes(in: model.graph)
      if format == .safetensors, origin.form == .safetensors {
        return try origin.source.writeCopy(changes, to: path)
      }
      return try origin.source.write(changes, as: format, to: path)
    }
    guard let origin = model.origin as? ONNXOrigin else { return }
    guard origin.network.matches(model.graph) else { throw otherNetwork(path) }
    try origin.check(path)
    try StateWriter(try items(origin, model.graph, path), path).write(as: format)
  }

  /// Returns the tensors of an ONNX file with the weights of a graph.
  private static func items(
    _ origin: ONNXOrigin, _ graph: Graph, _ path: String
  ) throws(FileError) -> [StateItem] {
    var changes: [String: ONNXElements] = [:]
    if let obstacle = origin.network.obstacle {
      throw cannotWrite(path, "cannot be written as weights by name: \(obstacle)")
    }
    for (layer, weights) in origin.network.weights.sorted(by: { $0.key < $1.key }) {
      guard let role = weights.keys.first(where: { weights[$0]?.stored == nil }) else { continue }
      throw cannotWrite(
        path,
        "cannot be written as weights by name: the \(role.displayName) of layer '\(layer)' is computed "
          + "from others, or read twice")
    }
    if origin.network.matches(graph) {
      for change in origin.network.changes(in: graph) {
        guard let stored = change.place.stored else { continue }
        let inNode = change.place.permutation.map { $0.inverse(change.values) } ?? change.values
        changes[stored.name] = ONNXElements(
          values: stored.inFile(inNode), factor: change.place.factor, type: stored.type)
      }
    }
    var items: [StateItem] = []
    for tensor in origin.tensors {
      let title = abbreviated(tensor.name)
      // Exporters number the tensors that they compute.
      guard !tensor.name.contains("::"), !tensor.name.allSatisfy(\.isNumber) else {
        throw cannotWrite(
          path,
          "cannot be written as weights by name: its tensor '\(title)' is named by the exporter; "
            + "export it with do_constant_folding=False")
      }
      guard let type = ONNXElementType(rawValue: tensor.type) else { continue }
      let shape = tensor.shape.map { Int($0) }
      let (file, offset): (FileDescriptor?, Int) =
        switch tensor.storage {
        case .file(let offset, _): (origin.file, offset)
        case .external(let name, let offset, _): (origin.others[name], offset)
        case .decoded: (nil, 0)
        }
      let state = StateTensor(
        name: tensor.name, type: type, shape: shape, strides: StateTensor.rowMajor(shape),
        offset: offset)
      guard let file, state.fits(in: file.size) else {
        throw cannotWrite(
          path, "cannot be written as weights by name: its tensor '\(title)' is not stored raw")
      }
      items.append(StateItem(tensor: state, content: file, changes: changes[tensor.name]))
    }
    return items
  }

  private static func cannotWrite(_ path: String, _ problem: String) -> FileError {
    FileError(
      .cannotWrite, path: path, problem,
      remedies: [.set("format", to: [ModelFormat.onnx.rawValue, ModelFormat.keras.rawValue])])
  }

  private static func otherNetwork(_ path: String) -> FileError {
    cannotWrite(path, "the model has other layers than the file of its weights")
  }

  // MARK: Without a network

  /// Whether a file holds weights by name, with or without their network.
  ///
  /// - Throws: ``FileError`` if it is missing or cannot be opened.
  public static func holdsNamedWeights(_ path: String) throws(FileError) -> Bool {
    switch try FileKind(at: path) {
    case .torchArchive, .torchLegacy, .torchProgram, .safetensors, .pickle: true
    default: false
    }
  }

  /// Writes the weights of a checkpoint of PyTorch, a safetensors file or a program of `torch.export`
  /// as another file, without their network. Nothing in a pickle runs.
  ///
  /// Names and types stay. A checkpoint keeps what is around its weights, without objects of classes.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - format: Safetensors or PyTorch.
  ///   - output: The file to write. It is written atomically.
  ///   - sandbox: Whether a sealed process parses the file.
  /// - Returns: What the new file lacks, and the findings about the file.
  /// - Throws: ``FileError`` if the file is damaged or holds no weights, or the new one cannot be
  ///   written.
  public static func copyWeights(
    _ path: String, as format: ModelFormat, to output: String, sandbox: Sandbox = .auto
  ) throws(FileError) -> [String] {
    precondition(format.holdsOnlyWeights, "\(format) is a format of networks")
    var reader = StateReader(path, sandbox: sandbox, isTolerant: true)
    let file = try reader.readWeights()
    let source = StateSource(file)
    if format == .safetensors, FileKind(of: file.content) == .safetensors {
      try source.writeCopy([:], to: output)
    } else {
      try source.write([:], as: format, to: output)
    }
    var notes = reader.record.findings.map { "\(path): \($0.message) (\($0.rule.name))" }
    if format == .pt, !file.catalogue.omitted.isEmpty {
      notes.append(StateOrigin.omission(file.catalogue, path))
    }
    return notes
  }
}
