public import InferenceGraph

/// Keras models in `.h5` and `.keras` files: whole models, or weights with a separate architecture.
///
/// No code from the file is run, and a layer that is not one of Keras's own image layers is
/// refused.
public enum KerasModel {
  /// Reads a model.
  ///
  /// - Parameters:
  ///   - path: A Keras `.h5` or `.keras` file, written by any version from 2.2 to 3.x.
  ///   - architecture: A second file that describes the network, required if the first one holds
  ///     only weights: a Keras `.h5` or `.keras` file, or a JSON file (`model.to_json()`). If
  ///     given, it is always used.
  ///   - outputLayer: The name of the layer with the scores, for a model with several outputs.
  ///   - preprocessing: What happens to images before they enter the network.
  ///   - sandbox: Whether a sealed process parses the files.
  /// - Throws: ``FileError``; the message names the layer and says what to do. For a refused file
  ///   it ends with the rule's name.
  public static func load(
    _ path: String, architecture: String? = nil, outputLayer: String? = nil,
    preprocessing: Preprocessing = Preprocessing(), sandbox: Sandbox = .auto
  ) throws(FileError) -> Model {
    var reader = KerasReader(path, output: outputLayer, sandbox: sandbox, isTolerant: false)
    return try reader.read(architecture: architecture, preprocessing)
  }

  /// Reads the architecture of a network, for training from scratch.
  ///
  /// Kernels and biases are zero; normalizations are initialized as in a new network.
  ///
  /// - Parameters:
  ///   - path: A Keras `.h5` or `.keras` file, whose weights are not read, or a JSON file
  ///     (`model.to_json()`).
  ///   - sandbox: Whether a sealed process parses the file.
  /// - Throws: ``FileError``, as for ``load(_:architecture:outputLayer:preprocessing:sandbox:)``; also for a
  ///   network with more than 2^28 weights, and for a `Normalization` layer without its constants.
  public static func architecture(
    _ path: String, sandbox: Sandbox = .auto
  ) throws(FileError) -> Model {
    var reader = KerasReader(path, sandbox: sandbox, isTolerant: false)
    return try reader.readArchitecture()
  }

  /// Audits a model: reads as much of it as possible, and lists what an honest model does not have.
  ///
  /// No code from the file is run. The returned model may be one that
  /// ``load(_:architecture:outputLayer:preprocessing:sandbox:)`` refuses: it is for examination, not for use.
  ///
  /// - Parameters:
  ///   - path: A Keras `.h5` or `.keras` file.
  ///   - architecture: As for ``load(_:architecture:outputLayer:preprocessing:sandbox:)``.
  ///   - outputLayer: The name of the layer with the scores, for a model with several outputs.
  ///   - sandbox: Whether a sealed process parses the files.
  /// - Throws: ``FileError`` if the file cannot be opened, or holds only weights and there is no
  ///   architecture.
  public static func audit(
    _ path: String, architecture: String? = nil, outputLayer: String? = nil,
    sandbox: Sandbox = .auto
  ) throws(FileError) -> ModelFileAudit {
    var reader = KerasReader(path, output: outputLayer, sandbox: sandbox, isTolerant: true)
    let model = Result { () throws(FileError) in
      try reader.read(architecture: architecture, Preprocessing())
    }
    return try ModelFileAudit(
      model.map { $0 }, findings: reader.record.findings, of: reader.content)
  }
}
