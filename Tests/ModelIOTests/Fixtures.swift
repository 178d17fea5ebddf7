import Foundation
import LabFiles
import Synchronization
import Testing

/// The scripts beside the tests, and what they make.
enum Fixtures {
  /// The models and data sets that `make.py` writes, made once a run.
  static let folder: URL? = made(by: "make.py", [])

  /// What decides the data sets of ``storage``.
  static let seed = UInt32.random(in: 0...UInt32.max)

  /// The data sets that `storage.py` writes, made once a run.
  static let storage: URL? = {
    print("storage.py: seed \(seed)")
    return made(by: "storage.py", ["\(seed)"])
  }()

  /// The NumPy files that `numpy_files.py` writes, made once a run.
  static let numpy: URL? = {
    print("numpy_files.py: seed \(seed)")
    return made(by: "numpy_files.py", ["\(seed)"])
  }()

  /// The folder that a script fills; removed when the tests end.
  private static func made(by script: String, _ arguments: [String]) -> URL? {
    guard Lab.python != nil else { return nil }
    let folder = FileManager.default.temporaryDirectory
      .appending(path: "defensekit-fixtures-\(UUID())")
    do {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      folders.withLock { all in
        if all.isEmpty { atexit { Fixtures.removeFolders() } }
        all.append(folder)
      }
      _ = try run(script, [folder.path] + arguments)
      return folder
    } catch {
      Issue.record("the fixtures of \(script) cannot be made: \(error)")
      return nil
    }
  }

  private static let folders = Mutex<[URL]>([])

  private static func removeFolders() {
    for folder in folders.withLock({ $0 }) { try? FileManager.default.removeItem(at: folder) }
  }

  /// Runs a script of the fixtures folder and returns what it prints.
  static func run(_ script: String, _ arguments: [String], _ environment: [String: String] = [:])
    throws -> String
  {
    try Lab.run(
      Lab.repository.appending(path: "Tests/ModelIOTests/Fixtures/\(script)"), arguments,
      environment: environment)
  }
}
