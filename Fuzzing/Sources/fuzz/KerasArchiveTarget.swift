@testable import ModelIO

/// Keras archives: what the directory says, the configuration, and which kind of file it is.
enum KerasArchiveTarget: FuzzTarget {
  private static let config = """
    {"module": "keras", "class_name": "Sequential", "config": {"name": "s", "layers": [
    {"class_name": "InputLayer", "config": {"name": "i", "batch_shape": [null, 2, 2, 1]}},
    {"class_name": "Flatten", "config": {"name": "f"}, "shared_object_id": 3}]},
    "compile_config": {"loss": "mse"}}
    """

  static var seeds: [[UInt8]] {
    let members: [(name: String, bytes: [UInt8])] = [
      (KerasArchive.metadata, Array(#"{"keras_version": "3.15.1"}"#.utf8)),
      (KerasArchive.config, Array(config.utf8)),
      (KerasArchive.weights, FileKind.signature + [UInt8](repeating: 0, count: 88)),
    ]
    return [members, members.reversed()].map { members in
      var bytes: [UInt8] = []
      ZipWriter.write(members) { bytes += $0 }
      return bytes
    }
  }

  static var words: [String] {
    ["config.json", "metadata.json", "model.weights.h5", "PK\u{1}\u{2}", "PK\u{5}\u{6}"]
  }

  static func parse(_ bytes: [UInt8]) {
    guard
      let content = try? UnnamedFile.make(
        for: "fuzz",
        { append throws(FileError) in
          try append(bytes)
        })
    else { return }
    _ = FileKind(of: content)
    _ = FileKind.endsWithArchive(content)
    guard let archive = try? KerasArchive(content, sandbox: .off) else { return }
    precondition(archive.findings.count <= KerasAudit.maximumCount + 3)
    guard let description = try? archive.description() else { return }
    _ = KerasSharing.findings(in: description.config, isArchived: true)
    _ = try? KerasNetwork(description.config)
  }
}
