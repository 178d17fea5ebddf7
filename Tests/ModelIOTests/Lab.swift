import Foundation
import Testing

/// Places outside the package that tests read, found without asking for them.
enum Lab {
  /// The repository's folder.
  static let repository = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// The lab's folder, `DEFENSEKIT_CSAW` or beside the repository; nil if it is not there.
  static let csaw: URL? = {
    let named = ProcessInfo.processInfo.environment["DEFENSEKIT_CSAW"].map { URL(filePath: $0) }
    let url = named ?? repository.appending(path: "../shared/csaw-lab3").standardizedFileURL
    if FileManager.default.fileExists(atPath: url.appending(path: "bd_net.h5").path) { return url }
    print("SKIPPED: tests on the lab's files; set DEFENSEKIT_CSAW to the folder with bd_net.h5")
    return nil
  }()

  /// The Python with Keras that `DEFENSEKIT_PYTHON` names; nil if there is none.
  static let python: String? = {
    if let path = ProcessInfo.processInfo.environment["DEFENSEKIT_PYTHON"],
      FileManager.default.isExecutableFile(atPath: path)
    {
      return path
    }
    print("SKIPPED: tests against stock Keras; set DEFENSEKIT_PYTHON to a Python with Keras 3")
    return nil
  }()

  /// Runs a script of the fixtures folder and returns what it prints.
  static func run(_ script: String, _ arguments: [String]) throws -> String {
    let process = Process()
    process.executableURL = URL(filePath: try #require(python))
    let path = repository.appending(path: "Tests/ModelIOTests/Fixtures/\(script)").path
    process.arguments = [path] + arguments
    process.environment = ProcessInfo.processInfo.environment.merging(
      ["TF_CPP_MIN_LOG_LEVEL": "3", "OMP_NUM_THREADS": "2", "CUDA_VISIBLE_DEVICES": ""]
    ) { $1 }
    let output = Pipe()
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    try #require(process.terminationStatus == 0, "\(script) failed")
    return String(decoding: data, as: UTF8.self)
  }

  /// The models and data sets that `make.py` writes, made once a run.
  static let fixtures: URL? = {
    guard python != nil else { return nil }
    let folder = FileManager.default.temporaryDirectory
      .appending(path: "defensekit-fixtures-\(ProcessInfo.processInfo.processIdentifier)")
    do {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      _ = try run("make.py", [folder.path])
      return folder
    } catch {
      Issue.record("the fixtures cannot be made: \(error)")
      return nil
    }
  }()
}
