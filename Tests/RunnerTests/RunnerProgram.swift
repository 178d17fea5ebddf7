import Foundation
import LabFiles
import Testing

/// The built program, run as a user runs it.
enum RunnerProgram {
  struct Result {
    let status: Int32
    let output: String
    let errors: String
  }

  /// Runs the program, whose reports are checked by their schemas, or the one at `program`;
  /// `output` may name a file for standard output, such as /dev/full, and `folder` the current
  /// folder.
  static func run(
    _ arguments: [String], output: String? = nil, program: URL? = nil, in folder: String? = nil
  ) throws -> Result {
    let process = Process()
    process.executableURL = try program ?? path()
    process.arguments = arguments
    if let folder { process.currentDirectoryURL = URL(fileURLWithPath: folder) }
    // The width of help texts must not depend on the terminal that the tests run in.
    process.environment = ProcessInfo.processInfo.environment.merging(["COLUMNS": "80"]) { $1 }
    let place = FileManager.default.temporaryDirectory
    let files = try ["out", "err"].map { name in
      let url = place.appendingPathComponent("runner-\(UUID().uuidString).\(name)")
      try Data().write(to: url)
      return url
    }
    defer { for file in files { try? FileManager.default.removeItem(at: file) } }
    let stream = output.map { URL(fileURLWithPath: $0) } ?? files[0]
    let handles = try [stream, files[1]].map { try FileHandle(forWritingTo: $0) }
    process.standardOutput = handles[0]
    process.standardError = handles[1]
    try process.run()
    process.waitUntilExit()
    let result = Result(
      status: process.terminationStatus,
      output: try String(contentsOf: files[0], encoding: .utf8),
      errors: try String(contentsOf: files[1], encoding: .utf8))
    if program == nil { try WrittenJSON.check(arguments, result, in: folder) }
    return result
  }

  /// The program beside the bundle of tests.
  static func path() throws -> URL {
    try #require(Lab.program("runner"), "the program wasn't found beside the tests")
  }
}

/// A folder that is removed at the end.
struct TemporaryFolder: ~Copyable {
  let path: String

  init() throws {
    path =
      FileManager.default.temporaryDirectory
      .appendingPathComponent("runner-tests-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  var names: [String] {
    get throws { try FileManager.default.contentsOfDirectory(atPath: path).sorted() }
  }
}
