import InferenceGraph

/// Reads weights of PyTorch or safetensors and their network, or a program of `torch.export`, for the
/// loader and for the audit.
struct StateReader {
  private let sandbox: Sandbox
  /// The name of the network's output with the scores, if it has several.
  private let output: String?
  private(set) var record: ReadingRecord
  /// The file, once it is open.
  private(set) var content: FileDescriptor?
  /// The tensors of the file, once it is read.
  private(set) var tensors: [StoredTensor] = []

  init(_ path: String, output: String? = nil, sandbox: Sandbox, isTolerant: Bool) {
    self.sandbox = sandbox
    self.output = output
    record = ReadingRecord(path: path, isTolerant: isTolerant)
  }

  /// Reads the weights, and the network from an ONNX file.
  ///
  /// - Parameter architecture: The ONNX file; nil for a ``KnownNetwork``.
  /// - Returns: The model; nil if no network is given or known.
  /// - Throws: ``FileError``; if its cause is a file's contents, a finding is added, unless an
  ///   earlier one of severity `error` explains it.
  mutating func read(architecture: String?, _ preprocessing: Preprocessing) throws(FileError)
    -> Model?
  {
    do {
      let content = try FileDescriptor(record.path)
      self.content = content
      if FileKind(of: content) == .torchProgram {
        return try program(content, architecture, preprocessing)
      }
      let file = try StateFile(content, sandbox: sandbox)
      tensors = file.catalogue.tensors.map { StoredTensor($0) }
      try record.report(file.catalogue.findings)
      if let refusal = file.catalogue.refusal { throw StateRefusal(refusal) }
      guard let architecture else { return try known(file, preprocessing) }
      return try model(file, architecture, preprocessing)
    } catch {
      throw record.explained(error, graph: .stateDict)
    }
  }

  /// Reads the weights alone.
  ///
  /// - Throws: ``FileError`` as for ``read(architecture:_:)``.
  mutating func readWeights() throws(FileError) -> StateFile {
    do {
      let content = try FileDescriptor(record.path)
      self.content = content
      if FileKind(of: content) == .torchProgram {
        let program = try TorchProgram(StateContent(of: content))
        try record.report(program.findings)
        return StateFile(content, tensors: program.tensors)
      }
      let file = try StateFile(content, sandbox: sandbox)
      try record.report(file.catalogue.findings)
      if let refusal = file.catalogue.refusal { throw StateRefusal(refusal) }
      return file
    } catch {
      throw record.explained(error, graph: .stateDict)
    }
  }

  /// Returns the model of a known network; nil if the weights are not those of one.
  private mutating func known(
    _ file: StateFile, _ preprocessing: Preprocessing
  ) throws(FileError) -> Model? {
    guard let (network, catalogue) = KnownNetwork.recognize(file, side: file.catalogue.record?.side)
    else { return nil }
    var reader = ONNXReader(
      catalogue, from: file.content, weights: file, sandbox: sandbox,
      isTolerant: record.isTolerant)
    var model = try reader.read(preprocessing)
    model.notes.append(
      "\(record.path): takes the network '\(network.title)' by the names and shapes of the weights, "
        + "for images of \(network.side)x\(network.side) pixels")
    return model
  }

  /// Returns the model of a program, which holds its network and its weights.
  private mutating func program(
    _ content: FileDescriptor, _ architecture: String?, _ preprocessing: Preprocessing
  ) throws -> Model {
    guard architecture == nil else {
      throw FileError(
        .usage, path: record.path,
        "is a program of torch.export, which describes its network itself",
        remedies: [.omit("architecture")])
    }
    let program = try TorchProgram(StateContent(of: content))
    tensors = program.tensors.map { StoredTensor($0) }
    try record.report(program.findings)
    var reader = ONNXReader(
      program.network, from: content, weights: StateFile(content, tensors: program.tensors),
      sandbox: sandbox, isTolerant: record.isTolerant)
    let model = Result { () throws(FileError) in try reader.read(preprocessing) }
    try record.report(reader.record.findings)
    return try model.get()
  }

  private mutating func model(
    _ file: StateFile, _ architecture: String, _ preprocessing: Preprocessing
  ) throws -> Model {
    var reader: ONNXReader
    switch try FileKind(at: architecture) {
    case .onnx:
      reader = ONNXReader(
        architecture, weights: file, output: output, sandbox: sandbox,
        isTolerant: record.isTolerant)
    case .torchProgram:
      let content = try FileDescriptor(architecture)
      let program = try TorchProgram(StateContent(of: content))
      reader = ONNXReader(
        program.network, from: content, weights: file, sandbox: sandbox,
        isTolerant: record.isTolerant)
    case let kind:
      throw FileError(
        .badData, path: architecture,
        "is \(kind.words), not the ONNX file or program of torch.export that describes the network of "
          + "weights of PyTorch")
    }
    let model = Result { () throws(FileError) in try reader.read(preprocessing) }
    let name = architecture.split(separator: "/").last.map(String.init) ?? architecture
    try record.report(
      reader.record.findings.map {
        // These are about the weights.
        [.stateDict, .onnxPrecision].contains($0.rule)
          ? $0 : Finding($0.rule, at: "\(name): \($0.location)", $0.message)
      }, in: architecture)
    return try model.get()
  }

  /// The error of weights without a description of their network.
  var missingArchitecture: FileError {
    FileError(
      .usage, path: record.path, "holds weights without the layers that use them",
      remedies: [
        .give(
          "the network as ONNX, which the Python file that 'runner new onnx-export' writes exports,",
          for: "architecture")
      ])
  }
}
