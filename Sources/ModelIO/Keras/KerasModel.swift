public import InferenceGraph

/// Keras models in `.h5` files: whole models, or weights with the architecture given apart.
///
/// No code of the file is run, and what isn't one of Keras's own image layers is refused.
public enum KerasModel {
  /// Reads a model.
  ///
  /// - Parameters:
  ///   - path: A Keras `.h5` file, written by any version from 2.2 to 3.x.
  ///   - architecture: For a file of weights alone: another Keras `.h5` file or a JSON file
  ///     (`model.to_json()`) that describes the network. Where given, it is used in any case.
  ///   - inputScale: The factor by which images are multiplied before they enter the network.
  ///   - sandbox: How files are parsed.
  /// - Throws: ``FileError``; its text names the layer at fault, says what to do, and ends in the
  ///   name of the rule that has the file refused.
  public static func load(
    _ path: String, architecture: String? = nil, inputScale: Float = 1, sandbox: Sandbox = .auto
  ) throws(FileError) -> Model {
    var reader = KerasReader(path, sandbox: sandbox, isTolerant: false)
    return try reader.read(architecture: architecture, inputScale: inputScale)
  }

  /// Reads the network of a file, to be trained anew; its kernels and biases are zero, its
  /// normalizations those of a new network.
  ///
  /// - Parameters:
  ///   - path: A Keras `.h5` file, whose weights are not read, or a JSON file (`model.to_json()`).
  ///   - sandbox: How files are parsed.
  /// - Throws: ``FileError``, as for ``load(_:architecture:inputScale:sandbox:)``; also for a network
  ///   with more than 2^28 weights, and for a `Normalization` layer without its constants.
  public static func architecture(
    _ path: String, sandbox: Sandbox = .auto
  ) throws(FileError) -> Model {
    var reader = KerasReader(path, sandbox: sandbox, isTolerant: false)
    return try reader.readArchitecture()
  }

  /// Reads as much of a model as can be read, and lists what an honest one does not have.
  ///
  /// Nothing of the file is run here either. A model that comes out may be one that
  /// ``load(_:architecture:inputScale:sandbox:)`` refuses: it is there to be looked at, not to be used.
  ///
  /// - Parameters:
  ///   - path: A Keras `.h5` file.
  ///   - architecture: As for ``load(_:architecture:inputScale:sandbox:)``.
  ///   - sandbox: How files are parsed.
  /// - Throws: ``FileError`` if there is no such file, or it holds nothing but weights and there is
  ///   no architecture.
  public static func inspect(
    _ path: String, architecture: String? = nil, sandbox: Sandbox = .auto
  ) throws(FileError) -> KerasInspection {
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
    return KerasInspection(
      findings: reader.findings, model: model, failure: failure,
      sha256: try reader.content.map { file throws(FileError) in try sha256(of: file) } ?? "")
  }
}

/// What reading a model file tolerantly gave.
public struct KerasInspection: Sendable {
  /// What an honest file does not have, in the order in which it was found.
  public let findings: [Finding]
  /// The model, if one could be made; it may be one that is refused otherwise.
  public let model: Model?
  /// Why there is no model.
  public let failure: FileError?
  /// The SHA-256 of the file, 64 hexadecimal digits.
  public let sha256: String
}
