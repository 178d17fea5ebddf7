import Foundation
import LabFiles
import Testing

/// The hostile files that `Fixtures/make.py` writes, made once a run.
struct HostileFiles: Sendable {
  /// One file and what must be said of it.
  struct Entry: Decodable, Sendable {
    /// What a file is given as.
    enum Role: String, Decodable {
      case model, data
      /// A usable model with names that must be escaped.
      case names
      /// A refused one with such names.
      case namesRefused = "names-refused"
    }

    let file: String
    let role: Role
    /// One of these must be named.
    let rules: [String]
    /// Whether the file may be used nevertheless.
    let loads: Bool
  }

  private struct Manifest: Decodable {
    let files: [Entry]
    let secret: String
  }

  let folder: URL
  let entries: [Entry]
  /// What stands in a file beside the others, to which some of them lead.
  let secret: String
  let goodModel: String
  let goodData: String

  func path(_ name: String) -> String { folder.appending(path: name).path }

  /// The files; nil, and an issue, if they cannot be made.
  static let made: HostileFiles? = {
    let folder = FileManager.default.temporaryDirectory
      .appending(path: "defensekit-hostile-\(ProcessInfo.processInfo.processIdentifier)")
    do {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      // Removed when the tests end.
      atexit {
        if let made = HostileFiles.made { try? FileManager.default.removeItem(at: made.folder) }
      }
      _ = try Lab.run(fixture("make.py"), [folder.path])
      let manifest = try JSONDecoder().decode(
        Manifest.self, from: Data(contentsOf: folder.appending(path: "manifest.json")))
      return HostileFiles(
        folder: folder, entries: manifest.files, secret: manifest.secret,
        goodModel: folder.appending(path: "good-model.h5").path,
        goodData: folder.appending(path: "good-data.h5").path)
    } catch {
      Issue.record("the hostile files cannot be made: \(error)")
      return nil
    }
  }()

  static func fixture(_ name: String) -> URL {
    Lab.repository.appending(path: "Tests/HostileTests/Fixtures/\(name)")
  }
}
