/// The configuration of a network, and the version of the Keras that wrote it.
struct KerasDescription {
  /// The largest size of the text in bytes; Keras's largest networks take some hundred kilobytes.
  static let maximumSize = 64 << 20

  /// The file that holds the configuration.
  let path: String
  let config: JSON
  let major: Int
  /// The findings in a separate HDF5 file, and about the version.
  private(set) var findings: [Finding] = []
  /// Whether the configuration is from a Keras archive.
  private(set) var isArchived = false
  /// The configuration of the training, if it was in the same text.
  private(set) var training: JSON?

  /// Reads the configuration of a whole model; nil if the file has none.
  init?(_ file: HDF5File) throws(FileError) {
    guard let config = try Self.json("model_config", in: file) else { return nil }
    let version = file.strings("keras_version")?.first
    self.init(config, version: version, path: file.path)
  }

  /// Takes the configuration in a Keras archive.
  ///
  /// - Parameter version: The version in its metadata.
  init(archived config: JSON, version: String, path: String) {
    // The rest is the same as in HDF5, where the training has an attribute of its own.
    let key = "compile_config"
    let network = config.members.map { .object($0.filter { $0.key != key }) } ?? config
    self.init(network, version: version, path: path)
    isArchived = true
    if let training = config[key], !training.isNull { self.training = training }
  }

  /// Reads an architecture file: a whole Keras model, or JSON.
  ///
  /// - Parameter isTolerant: Whether to read an HDF5 file despite findings of severity `error`.
  init(
    architecture path: String, sandbox: Sandbox, isTolerant: Bool
  ) throws(FileError) {
    let size = try InputFile.size(of: path)
    let start = try InputFile.prefix(of: path, count: 64)
    if start.first(where: { $0 > 0x20 }) == UInt8(ascii: "{") {
      guard size <= Self.maximumSize else {
        throw FileError(.badData, path: path, "is too large for an architecture")
      }
      let bytes = try InputFile.prefix(of: path, count: size)
      let text = String(decoding: bytes, as: UTF8.self)
      self.init(try Self.json(text, "model", path: path), version: nil, path: path)
    } else if try FileKind(at: path) == .kerasArchive {
      let archive = try KerasArchive(FileDescriptor(path), sandbox: sandbox)
      let found = archive.findings
      if !isTolerant, let error = found.first(where: { $0.rule.severity == .error }) {
        throw FileError(refused: error, path: path)
      }
      self = try archive.description()
      findings = found + findings
    } else {
      let file = try HDF5File(path, sandbox: sandbox, isTolerant: isTolerant)
      guard let own = try Self(file) else {
        throw file.failure("holds no architecture; give a whole Keras model or its JSON")
      }
      self = own
      findings = file.findings + own.findings
    }
  }

  private init(_ config: JSON, version: String?, path: String) {
    self.path = path
    self.config = config
    let named = version ?? config["keras_version"]?.string
    let said = named?.split(separator: ".").first.flatMap { Int($0) }
    let form = Self.major(byForm: config)
    // Without a version, `module` decides: only Keras 3 writes the module of a class.
    major = form ?? said ?? (config["module"] == nil ? 2 : 3)
    if let form, let said, (said >= 3) != (form >= 3), Self.mentions("hard_sigmoid", in: config) {
      findings.append(
        Finding(
          .kerasAmbiguous,
          "claims to be of Keras \(abbreviated(named ?? "")) but has the form of Keras \(form); "
            + "the two compute hard_sigmoid differently"))
    }
  }

  /// Returns whether the configuration is from this file.
  func isOwn(of file: HDF5File) -> Bool { path == file.path }

  /// Returns the major version by the form of a configuration; nil if undecided. Keras 3 uses
  /// another key for an input layer's shape, and another form for the inputs of layers.
  private static func major(byForm json: JSON) -> Int? {
    switch json {
    case .array(let elements): return elements.lazy.compactMap { major(byForm: $0) }.max()
    case .object(let members):
      if members["batch_shape"] != nil { return 3 }
      if members["args"] != nil, members["kwargs"] != nil { return 3 }
      let inner = members.lazy.compactMap { major(byForm: $0.value) }.max()
      return inner ?? (members["batch_input_shape"] == nil ? nil : 2)
    case .null, .bool, .number, .string: return nil
    }
  }

  private static func mentions(_ text: String, in json: JSON) -> Bool {
    switch json {
    case .array(let elements): elements.contains { mentions(text, in: $0) }
    case .object(let members): members.contains { mentions(text, in: $0.value) }
    case .string(let string): string == text
    case .null, .bool, .number: false
    }
  }

  /// Reads a JSON attribute; nil if the file does not have it.
  ///
  /// - Parameter attribute: `model_config` or `training_config`.
  static func json(_ attribute: String, in file: HDF5File) throws(FileError) -> JSON? {
    var parts: [String] = []
    if let whole = file.strings(attribute) {
      parts = whole
    } else {
      // Keras splits texts that are too long for one attribute.
      while let part = file.strings("\(attribute)\(parts.count)"), !part.isEmpty {
        parts += part
      }
    }
    if parts.isEmpty { return nil }
    let what = String(attribute.prefix { $0 != "_" })
    return try json(parts.joined(), what, path: file.path)
  }

  static func json(
    _ text: String, _ what: String, path: String
  ) throws(FileError) -> JSON {
    do throws(JSONError) {
      guard text.utf8.count <= Self.maximumSize else {
        throw JSONError(message: "too long", offset: 0)
      }
      return try JSONParser.parse(text)
    } catch {
      let finding = Finding(
        error.isDuplicateKey ? .kerasDuplicateKey : .kerasConfig, at: "\(what)_config",
        "its \(what) configuration is not valid JSON: \(error)")
      throw FileError(refused: finding, path: path)
    }
  }
}
