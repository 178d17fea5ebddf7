public import InferenceGraph

/// Model files of every format that is read; the contents of a file, not its name, tell which.
public enum ModelFile {
  /// Reads a Keras model (`.h5` or `.keras`), an ONNX model, a program of `torch.export` (`.pt2`), or
  /// weights of PyTorch or safetensors.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - architecture: A file that describes the network, for a file that holds only weights: for
  ///     Keras, see ``KerasModel/load(_:architecture:outputLayer:preprocessing:sandbox:)``; for PyTorch and
  ///     safetensors an ONNX file whose tensors have the same names and shapes.
  ///   - outputLayer: The name of the output with the scores, for a model with several.
  ///   - preprocessing: What happens to images before they enter the network.
  ///   - sandbox: Whether a sealed process parses the files.
  /// - Throws: ``FileError``; the message names the layer and says what to do. For a refused file
  ///   it ends with the rule's name.
  public static func load(
    _ path: String, architecture: String? = nil, outputLayer: String? = nil,
    preprocessing: Preprocessing = Preprocessing(), sandbox: Sandbox = .auto
  ) throws(FileError) -> Model {
    var model = try read(path, architecture, outputLayer, preprocessing, sandbox)
    model.outputLayer = outputLayer
    if let architecture { model.architecture = try Model.Source(of: FileDescriptor(architecture)) }
    return model
  }

  private static func read(
    _ path: String, _ architecture: String?, _ outputLayer: String?,
    _ preprocessing: Preprocessing, _ sandbox: Sandbox
  ) throws(FileError) -> Model {
    switch try FileKind(at: path) {
    case .onnx:
      try refuseArchitecture(architecture, of: path)
      var reader = ONNXReader(path, output: outputLayer, sandbox: sandbox, isTolerant: false)
      return try reader.read(preprocessing)
    case .torchArchive, .torchLegacy, .torchProgram, .safetensors, .pickle:
      var reader = StateReader(path, output: outputLayer, sandbox: sandbox, isTolerant: false)
      guard let model = try reader.read(architecture: architecture, preprocessing) else {
        throw reader.missingArchitecture
      }
      return model
    default:
      return try KerasModel.load(
        path, architecture: architecture, outputLayer: outputLayer, preprocessing: preprocessing,
        sandbox: sandbox)
    }
  }

  /// Audits a model: reads as much of it as possible, and lists what an honest model does not have.
  ///
  /// The returned model may be one that ``load(_:architecture:outputLayer:preprocessing:sandbox:)``
  /// refuses: it is for examination, not for use.
  ///
  /// - Throws: ``FileError`` if the file cannot be opened, or holds only weights of Keras and there is
  ///   no architecture. Weights of PyTorch and safetensors are audited without one.
  public static func audit(
    _ path: String, architecture: String? = nil, outputLayer: String? = nil,
    sandbox: Sandbox = .auto
  ) throws(FileError) -> ModelFileAudit {
    switch try FileKind(at: path) {
    case .onnx:
      try refuseArchitecture(architecture, of: path)
      var reader = ONNXReader(path, output: outputLayer, sandbox: sandbox, isTolerant: true)
      let model = Result { () throws(FileError) in try reader.read(Preprocessing()) }
      return try ModelFileAudit(
        model.map { $0 }, findings: reader.record.findings, of: reader.content)
    case .torchArchive, .torchLegacy, .torchProgram, .safetensors, .pickle:
      var reader = StateReader(path, output: outputLayer, sandbox: sandbox, isTolerant: true)
      let model = Result { () throws(FileError) in
        try reader.read(architecture: architecture, Preprocessing())
      }
      return try ModelFileAudit(
        model, tensors: reader.tensors, findings: reader.record.findings, of: reader.content)
    default:
      return try KerasModel.audit(
        path, architecture: architecture, outputLayer: outputLayer, sandbox: sandbox)
    }
  }

  /// Returns the architecture that a model is given with, unless a copy of the model describes its
  /// network itself.
  ///
  /// - Parameters:
  ///   - architecture: The model's architecture.
  ///   - path: The copy, which may be of another format than the model.
  /// - Throws: ``FileError`` if a file is missing or cannot be opened.
  public static func architecture(
    _ architecture: String?, for path: String
  ) throws(FileError) -> String? {
    guard let architecture else { return nil }
    switch try FileKind(at: path) {
    case .onnx, .torchProgram: return nil
    case .torchArchive, .torchLegacy, .safetensors, .pickle: return architecture
    default: return try FileKind(at: architecture) == .onnx ? nil : architecture
    }
  }

  private static func refuseArchitecture(
    _ architecture: String?, of path: String
  ) throws(FileError) {
    guard architecture != nil else { return }
    throw FileError(
      .usage, path: path, "is an ONNX model, which describes its network itself",
      remedies: [.omit("architecture")])
  }
}
