import Foundation
import LabFiles
import Testing

/// The scripts beside the tests, and what they make.
enum Fixtures {
  /// The models and data sets that `make.py` writes, made once a run.
  static let folder: URL? = {
    guard Lab.python != nil else { return nil }
    let folder = FileManager.default.temporaryDirectory
      .appending(path: "defensekit-fixtures-\(ProcessInfo.processInfo.processIdentifier)")
    do {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      // Removed when the tests end.
      atexit { if let folder = Fixtures.folder { try? FileManager.default.removeItem(at: folder) } }
      _ = try run("make.py", [folder.path])
      return folder
    } catch {
      Issue.record("the fixtures cannot be made: \(error)")
      return nil
    }
  }()

  /// Runs a script of the fixtures folder and returns what it prints.
  static func run(_ script: String, _ arguments: [String], _ environment: [String: String] = [:])
    throws -> String
  {
    try Lab.run(
      Lab.repository.appending(path: "Tests/ModelIOTests/Fixtures/\(script)"), arguments,
      environment: environment)
  }
}
