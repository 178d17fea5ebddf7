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
  /// - Throws: ``FileError``; its text names the layer at fault and says what to do.
  public static func load(
    _ path: String, architecture: String? = nil, inputScale: Float = 1, sandbox: Sandbox = .auto
  ) throws(FileError) -> Model {
    let file = try HDF5File(path, sandbox: sandbox)
    let description: Description
    if let architecture {
      description = try Description(architecture: architecture, sandbox)
    } else if let own = try Description(file) {
      description = own
    } else if !file.hasGroup("layers") && !file.hasGroup("_layer_checkpoint_dependencies"),
      file.strings("layer_names") == nil, file.strings("layer_names0") == nil
    {
      let names = file.names().prefix(5).joined(separator: ", ")
      throw file.failure(
        "holds no Keras model (it has: \(names.isEmpty ? "nothing" : abbreviated(names))); "
          + "give a file written by model.save()")
    } else {
      throw FileError(
        .usage, path: path,
        "holds weights alone; give the network's description with --architecture FILE, another "
          + "Keras .h5 model or its JSON")
    }
    do {
      let network = try KerasNetwork(description.config)
      let weights = try KerasWeights(file, for: network)
      let graph = try KerasGraphBuilder.build(network, weights: weights, major: description.major)
      let source = Model.Source(
        file: path.split(separator: "/").last.map(String.init) ?? path,
        sha256: try sha256(of: file.content))
      return Model(graph: graph, inputScale: inputScale, name: network.name, source: source)
    } catch let error as FileError {
      throw error
    } catch {
      // KerasError and GraphError say which layer is at fault.
      throw file.failure("\(error)")
    }
  }
}

/// A network's configuration and the version of the Keras that wrote it.
private struct Description {
  /// A bound for the text; Keras's largest networks take some hundred kilobytes.
  static let maximumSize = 64 << 20

  let config: JSONValue
  let major: Int

  /// Reads a whole model's own description; nil if the file has none.
  init?(_ file: HDF5File) throws(FileError) {
    var parts: [String] = []
    if let whole = file.strings("model_config") {
      parts = whole
    } else {
      // Texts too long for one attribute are split.
      while let part = file.strings("model_config\(parts.count)") { parts += part }
    }
    if parts.isEmpty { return nil }
    let version = file.strings("keras_version")?.first
    try self.init(parts.joined(), version: version, path: file.path)
  }

  /// Reads an architecture file: a whole Keras model, or JSON.
  init(architecture path: String, _ sandbox: Sandbox) throws(FileError) {
    let size = try InputFile.size(of: path)
    let start = try InputFile.prefix(of: path, count: 64)
    if start.first(where: { $0 > 0x20 }) == UInt8(ascii: "{") {
      guard size <= Self.maximumSize else {
        throw FileError(.badData, path: path, "is too large for an architecture")
      }
      let bytes = try InputFile.prefix(of: path, count: size)
      try self.init(String(decoding: bytes, as: UTF8.self), version: nil, path: path)
    } else {
      let file = try HDF5File(path, sandbox: sandbox)
      guard let own = try Self(file) else {
        throw file.failure("holds no architecture; give a whole Keras .h5 model or its JSON")
      }
      self = own
    }
  }

  private init(_ text: String, version: String?, path: String) throws(FileError) {
    do {
      guard text.utf8.count <= Self.maximumSize else {
        throw JSONError(message: "too long", offset: 0)
      }
      config = try JSONParser.parse(text)
    } catch {
      throw FileError(
        .badData, path: path, "its model configuration is not proper JSON: \(error)")
    }
    // Without a version: only Keras 3 writes the module of a class.
    let named = version ?? config["keras_version"]?.string
    major =
      named?.split(separator: ".").first.flatMap { Int($0) }
      ?? (config["module"] == nil ? 2 : 3)
  }
}
