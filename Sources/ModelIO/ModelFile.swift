public import InferenceGraph

/// Model files of every format that is read; the contents of a file, not its name, tell which.
public enum ModelFile {
  /// Reads a Keras model (`.h5` or `.keras`) or an ONNX model.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - architecture: A file that describes the network, for a Keras file that holds only weights;
  ///     see ``KerasModel/load(_:architecture:inputScale:sandbox:)``.
  ///   - inputScale: The factor by which images are multiplied before they enter the network.
  ///   - sandbox: Whether a sealed process parses the files.
  /// - Throws: ``FileError``; the message names the layer and says what to do. For a refused file
  ///   it ends with the rule's name.
  public static func load(
    _ path: String, architecture: String? = nil, inputScale: Float = 1, sandbox: Sandbox = .auto
  ) throws(FileError) -> Model {
    guard try isONNX(path, architecture) else {
      return try KerasModel.load(
        path, architecture: architecture, inputScale: inputScale, sandbox: sandbox)
    }
    var reader = ONNXReader(path, sandbox: sandbox, isTolerant: false)
    return try reader.read(inputScale: inputScale)
  }

  /// Audits a model: reads as much of it as possible, and lists what an honest model does not have.
  ///
  /// The returned model may be one that ``load(_:architecture:inputScale:sandbox:)`` refuses: it is
  /// for examination, not for use.
  ///
  /// - Throws: ``FileError`` if the file cannot be opened, or holds only weights and there is no
  ///   architecture.
  public static func audit(
    _ path: String, architecture: String? = nil, sandbox: Sandbox = .auto
  ) throws(FileError) -> ModelFileAudit {
    guard try isONNX(path, architecture) else {
      return try KerasModel.audit(path, architecture: architecture, sandbox: sandbox)
    }
    var reader = ONNXReader(path, sandbox: sandbox, isTolerant: true)
    let model = Result { () throws(FileError) in try reader.read(inputScale: 1) }
    return try ModelFileAudit(model, findings: reader.record.findings, of: reader.content)
  }

  private static func isONNX(_ path: String, _ architecture: String?) throws(FileError) -> Bool {
    guard try FileKind(at: path) == .onnx else { return false }
    if architecture != nil {
      throw FileError(
        .usage, path: path, "is an ONNX model, which describes its network itself",
        remedies: [.omit("architecture")])
    }
    return true
  }
}
