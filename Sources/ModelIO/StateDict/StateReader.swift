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
      let (file, network) = try open()
      if let network {
        guard architecture == nil else {
          throw FileError(
            .usage, path: record.path,
            "is a program of torch.export, which describes its network itself",
            remedies: [.omit("architecture")])
        }
        return try model(reader(of: network, from: file.content, file), preprocessing)
      }
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
      return try open().file
    } catch {
      throw record.explained(error, graph: .stateDict)
    }
  }

  /// Opens the file and reports what is found in it.
  ///
  /// - Returns: The weights; for a program, its network too.
  private mutating func open() throws -> (file: StateFile, network: ONNXCatalogue?) {
    let content = try FileDescriptor(record.path)
    self.content = content
    if FileKind(of: content) == .torchProgram {
      let program = try TorchProgram(StateContent(of: content))
      tensors = program.tensors.map { StoredTensor($0) }
      try record.report(program.findings)
      return (StateFile(content, tensors: program.tensors), program.network)
    }
    let file = try StateFile(content, sandbox: sandbox)
    tensors = file.catalogue.tensors.map { StoredTensor($0) }
    try record.report(file.catalogue.findings)
    if let refusal = file.catalogue.refusal { throw StateRefusal(refusal) }
    return (file, nil)
  }

  // MARK: Networks

  /// Returns the reader of a network that a file tells.
  private func reader(
    of network: ONNXCatalogue, from content: FileDescriptor, _ weights: StateFile
  ) -> ONNXReader {
    ONNXReader(
      network, from: content, weights: weights, output: output, sandbox: sandbox,
      isTolerant: record.isTolerant)
  }

  /// Returns the model of a known network; nil if the weights are not those of one.
  private mutating func known(
    _ file: StateFile, _ preprocessing: Preprocessing
  ) throws(FileError) -> Model? {
    let side = file.catalogue.record?.side ?? preprocessing.fitting.side
    guard let (network, catalogue) = KnownNetwork.recognize(file, side: side) else { return nil }
    var model = try model(reader(of: catalogue, from: file.content, file), preprocessing)
    model.notes.append(
      "\(record.path): takes the network '\(network.title)' by the names and shapes of the weights, "
        + "for images of \(network.side)x\(network.side) pixels")
    return model
  }

  /// Returns the model of weights in the network that another file describes.
  private mutating func model(
    _ file: StateFile, _ architecture: String, _ preprocessing: Preprocessing
  ) throws -> Model {
    switch try FileKind(at: architecture) {
    case .onnx:
      let reader = ONNXReader(
        architecture, weights: file, output: output, sandbox: sandbox,
        isTolerant: record.isTolerant)
      return try model(reader, preprocessing, in: architecture)
    case .torchProgram:
      let content = try FileDescriptor(architecture)
      let program = try TorchProgram(StateContent(of: content))
      let name = Self.name(of: architecture)
      try record.report(
        program.findings.map { Finding($0.rule, at: "\(name): \($0.location)", $0.message) },
        in: architecture)
      return try model(
        reader(of: program.network, from: content, file), preprocessing, in: architecture)
    case let kind:
      throw FileError(
        .badData, path: architecture,
        "is \(kind.words), not the ONNX file or program of torch.export that describes the network of "
          + "weights of PyTorch")
    }
  }

  /// Reads a network, and reports what is found in it.
  ///
  /// - Parameter architecture: The file that describes the network, if it is another one.
  private mutating func model(
    _ reader: ONNXReader, _ preprocessing: Preprocessing, in architecture: String? = nil
  ) throws(FileError) -> Model {
    var reader = reader
    let model = Result { () throws(FileError) in try reader.read(preprocessing) }
    let name = architecture.map(Self.name)
    let findings = reader.record.findings.map { finding in
      // These are about the weights.
      guard let name, ![.stateDict, .onnxPrecision].contains(finding.rule) else { return finding }
      return Finding(finding.rule, at: "\(name): \(finding.location)", finding.message)
    }
    try record.report(findings, in: architecture)
    return try model.get()
  }

  /// Returns the last part of a path.
  private static func name(of path: String) -> String {
    path.split(separator: "/").last.map(String.init) ?? path
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

extension ImageFitting {
  /// The height and width of fitted images, if both are equal.
  fileprivate var side: Int? {
    switch (crop, resize) {
    case (let size?, _), (nil, .size(let size)?): size.height == size.width ? size.height : nil
    case (nil, .shorterSide(let side)?): side
    case (nil, nil): nil
    }
  }
}
