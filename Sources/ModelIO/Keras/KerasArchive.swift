import InferenceGraph

/// The parts of a model in Keras's own format (.keras): a zip archive with the configuration, the
/// version of Keras, and an HDF5 file with the weights.
struct KerasArchive {
  static let config = "config.json"
  static let metadata = "metadata.json"
  static let weights = "model.weights.h5"
  /// The weights in NumPy's format, which Keras writes on request only.
  static let numpyWeights = "model.weights.npz"

  /// The largest size of the text with the version in bytes; Keras writes 64.
  private static let largestMetadata = 1 << 20

  let content: FileDescriptor
  private let archive: ZipArchive

  /// Opens an archive.
  ///
  /// - Throws: ``FileError`` if the archive is damaged, or readers could see other members.
  init(_ content: FileDescriptor, sandbox: Sandbox) throws(FileError) {
    self.content = content
    archive = try Self.refusing { () throws(FileError) in
      try ZipArchive(content, sandbox: sandbox)
    }
  }

  /// What an archive of Keras does not have.
  var findings: [Finding] {
    var findings: [Finding] = []
    let known = [Self.config, Self.metadata, Self.weights]
    for member in archive.members where !known.contains(member.name) {
      guard findings.count < KerasAudit.maximumCount else { break }
      let name = abbreviated(member.name)
      findings.append(
        Finding(
          .kerasExtra, at: name, "it holds '\(name)', which is not part of a Keras model"))
    }
    let hidden = archive.hidden.reduce(0) { $0 + $1.count }
    if hidden > 0 {
      findings.append(
        Finding(.kerasExtra, "it holds \(hidden) bytes that belong to none of its members"))
    }
    // Keras opens the file as HDF5 if its name ends so.
    let weights = member(Self.weights)
    if FileKind.superblocks(in: content).contains(where: { $0 != weights?.offset }) {
      findings.append(
        Finding(
          .userBlock,
          "is a Keras archive and an HDF5 file at once, so that readers can see different networks")
      )
    }
    if weights != nil, member(Self.numpyWeights) != nil {
      findings.append(
        Finding(
          .kerasAmbiguous,
          "holds its weights twice, as \(Self.weights) and as \(Self.numpyWeights)"))
    }
    return findings
  }

  /// Returns the network's configuration, with that of its training.
  ///
  /// - Throws: ``FileError`` if it is missing or damaged.
  func description() throws(FileError) -> KerasDescription {
    let metadata = try json(Self.metadata, limit: Self.largestMetadata, "metadata")
    guard let version = metadata["keras_version"]?.string else {
      throw refusal(.kerasConfig, at: Self.metadata, "does not say which version of Keras wrote it")
    }
    let config = try json(Self.config, limit: KerasDescription.maximumSize, "model")
    return KerasDescription(archived: config, version: version, path: content.path)
  }

  /// Opens the weights.
  ///
  /// - Throws: ``FileError`` if they are missing, damaged or refused.
  func weightsFile(sandbox: Sandbox, isTolerant: Bool) throws(FileError) -> HDF5File {
    guard let member = member(Self.weights) else {
      if member(Self.numpyWeights) != nil {
        throw refusal(
          .kerasUnsupported, at: Self.numpyWeights,
          "holds its weights as \(Self.numpyWeights), which is not read; load it in Keras and save "
            + "it again with model.save()")
      }
      throw refusal(
        .kerasConfig, at: Self.weights,
        "is a zip archive without \(Self.weights); give a file written by model.save()")
    }
    let part = try Self.refusing { () throws(FileError) in try archive.file(of: member) }
    guard part.starts(with: FileKind.signature, at: 0) else {
      throw refusal(
        .damaged, at: Self.weights,
        "its weights, \(Self.weights), are not an HDF5 file; save the model again")
    }
    let file = try HDF5File(part, sandbox: sandbox, isTolerant: isTolerant)
    if file.strings("model_config") ?? file.strings("model_config0") != nil {
      throw refusal(
        .kerasAmbiguous, at: Self.weights,
        "its weights, \(Self.weights), describe another network, which other readers may take")
    }
    return file
  }

  // MARK: Members

  private func member(_ name: String) -> ZipMember? {
    archive.members.first { $0.name == name }
  }

  private func json(_ name: String, limit: Int, _ what: String) throws(FileError) -> JSON {
    guard let member = member(name) else {
      throw refusal(
        .kerasConfig, at: name,
        "is a zip archive without \(name); give a file written by model.save()")
    }
    guard member.size <= limit else {
      throw refusal(.kerasConfig, at: name, "its \(name) is longer than any of Keras")
    }
    let bytes = try Self.refusing { () throws(FileError) in try archive.bytes(of: member) }
    return try KerasDescription.json(
      String(decoding: bytes, as: UTF8.self), what, path: content.path)
  }

  private func refusal(_ rule: Finding.Rule, at place: String, _ problem: String) -> FileError {
    FileError(refused: Finding(rule, at: place, problem), path: content.path)
  }

  /// Turns what the archive is refused for into a finding.
  private static func refusing<Value>(
    _ body: () throws(FileError) -> Value
  ) throws(FileError) -> Value {
    do throws(FileError) {
      return try body()
    } catch {
      guard error.kind == .badData, error.finding == nil else { throw error }
      throw FileError(refused: Finding(.kerasArchive, error.problem), path: error.path)
    }
  }
}
