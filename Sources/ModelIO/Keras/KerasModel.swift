public import InferenceGraph

/// Keras models in `.h5` files: whole models, or weights with a separate architecture.
///
/// No code from the file is run, and a layer that is not one of Keras's own image layers is
/// refused.
public enum KerasModel {
  /// Reads a model.
  ///
  /// - Parameters:
  ///   - path: A Keras `.h5` file, written by any version from 2.2 to 3.x.
  ///   - architecture: A second file that describes the network, required if the first one holds
  ///     only weights: a Keras `.h5` file or a JSON file (`model.to_json()`). If given, it is
  ///     always used.
  ///   - inputScale: The factor by which images are multiplied before they enter the network.
  ///   - sandbox: Whether a sealed process parses the files.
  /// - Throws: ``FileError``; the message names the layer and says what to do. For a refused file
  ///   it ends with the rule's name.
  public static func load(
    _ path: String, architecture: String? = nil, inputScale: Float = 1, sandbox: Sandbox = .auto
  ) throws(FileError) -> Model {
    var reader = KerasReader(path, sandbox: sandbox, isTolerant: false)
    return try reader.read(architecture: architecture, inputScale: inputScale)
  }

  /// Reads the architecture of a network, for training from scratch.
  ///
  /// Kernels and biases are zero; normalizations are initialized as in a new network.
  ///
  /// - Parameters:
  ///   - path: A Keras `.h5` file, whose weights are not read, or a JSON file (`model.to_json()`).
  ///   - sandbox: Whether a sealed process parses the file.
  /// - Throws: ``FileError``, as for ``load(_:architecture:inputScale:sandbox:)``; also for a
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
  /// ``load(_:architecture:inputScale:sandbox:)`` refuses: it is for examination, not for use.
  ///
  /// - Parameters:
  ///   - path: A Keras `.h5` file.
  ///   - architecture: As for ``load(_:architecture:inputScale:sandbox:)``.
  ///   - sandbox: Whether a sealed process parses the files.
  /// - Throws: ``FileError`` if the file cannot be opened, or holds only weights and there is no
  ///   architecture.
  public static func audit(
    _ path: String, architecture: String? = nil, sandbox: Sandbox = .auto
  ) throws(FileError) -> KerasFileAudit {
    var reader = KerasReader(path, sandbox: sandbox, isTolerant: true)
    var model: Model?
    var failure: FileError?
    do {
      model = try reader.read(architecture: architecture, inputScale: 1)
    } catch {
      // Findings are worth more than advice about the command.
      guard error.kind == .badData || !reader.findings.isEmpty else { throw error }
      failure = error
    }
    return KerasFileAudit(
      findings: reader.findings, model: model, failure: failure,
      sha256: try reader.content.map { file throws(FileError) in try sha256(of: file) } ?? "")
  }
}

/// The result of auditing a model file.
public struct KerasFileAudit: Sendable {
  /// What an honest file does not have, in the order of detection.
  public let findings: [Finding]
  /// The model, if one could be built; ``KerasModel/load(_:architecture:inputScale:sandbox:)`` may
  /// refuse it.
  public let model: Model?
  /// The reason why there is no model.
  public let failure: FileError?
  /// The SHA-256 of the file, 64 hexadecimal digits.
  public let sha256: String
}
