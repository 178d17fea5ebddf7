import InferenceGraph

/// What a model that was read from a Keras archive remembers of it.
struct KerasArchiveOrigin: ModelOrigin {}

extension KerasModel {
  /// The time in written archives, which Keras does not read.
  private static let writtenDate = "1980-01-01@00:00:00"

  /// Writes a network as a Keras archive.
  ///
  /// - Throws: ``FileError`` if the file cannot be written, or would be larger than 4 GiB.
  static func write(
    _ export: KerasExport, name: String, toArchive path: String
  ) throws(FileError) {
    let weights = try weights(of: export, path: path)
    let metadata: JSON = [
      "keras_version": .string(writtenVersion), "date_saved": .string(writtenDate),
    ]
    let members = [
      (KerasArchive.metadata, Array(metadata.pythonText.utf8)),
      (KerasArchive.config, Array(export.archivedConfig(name: name).pythonText.utf8)),
      (KerasArchive.weights, weights),
    ]
    guard ZipWriter.size(members) <= ZipWriter.maximumSize else {
      throw FileError(
        .cannotWrite, path: path, "would be larger than 4 GiB, the most for a .keras file")
    }
    try AtomicFile.write(to: path) { descriptor in
      try ZipWriter.write(members) { piece throws(SystemError) in
        try Descriptor.write(piece, to: descriptor)
      }
    }
  }

  /// Returns a file of the weights in the form of Keras 3: `layers/CLASS_NUMBER/vars/0`.
  private static func weights(
    of export: KerasExport, path: String
  ) throws(FileError) -> [UInt8] {
    let writer = try HDF5Writer(path: path)
    // The network's own, which Keras 2 looks up although there are none.
    try writer.makeGroup("/vars")
    var counts: [String: Int] = [:]
    for layer in export.layers {
      let base = KerasWeightMatching.snakeCase(layer.className)
      let count = counts[base, default: 0]
      counts[base] = count + 1
      let group = "/layers/\(base)\(count == 0 ? "" : "_\(count)")/vars"
      try writer.makeGroup(group)
      try writer.write(layer.name, attribute: "name", in: group)
      for (index, weight) in layer.weights.enumerated() {
        try writer.write(weight.tensor, to: "\(group)/\(index)")
      }
    }
    return try writer.image()
  }
}

extension KerasExport {
  /// Returns the network's configuration in the form of a Keras archive, which Keras 2 reads too.
  fileprivate func archivedConfig(name: String) -> JSON {
    func object(_ json: JSON, module: String, registeredName: JSON) -> JSON {
      .object(
        [.init("module", .string(module))] + (json.members ?? [])
          + [.init("registered_name", registeredName)])
    }
    let config = config(name: name)
    let members = (config.members ?? []).map { member -> JSON.Member in
      guard member.key == "config", let parts = member.value.members else { return member }
      return .init(
        "config",
        .object(
          parts.map { part in
            guard part.key == "layers", let layers = part.value.array else { return part }
            return .init(
              "layers",
              .array(
                layers.map { object($0, module: "keras.layers", registeredName: .null) }))
          }))
    }
    return object(
      .object(members), module: "keras", registeredName: config["class_name"] ?? .null)
  }
}
