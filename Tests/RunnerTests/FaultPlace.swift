import Foundation
import LabFiles
import Testing

/// A small job that writes every kind of file, and ways to disturb it.
struct FaultPlace: ~Copyable {
  let place: BadInputPlace
  var output: String { place.path("results/out") }

  init() throws {
    let made = try BadInputPlace.make()
    try FileManager.default.createDirectory(
      atPath: made.path("results"), withIntermediateDirectories: false)
    place = made
  }

  /// The job's arguments.
  ///
  /// It parses its files itself: what is done to its calls by strace would be done to those of the
  /// sealed processes as well.
  func arguments(force: Bool = false) -> [String] {
    [
      "--sandbox", "off",
      "--defense", "fine-pruning", "--detector", "goodnet", "--model", place.model, "--clean",
      place.good, "--test", place.test, "--curve", "--option", "fine-pruning.drops=10",
      "--option", "fine-pruning.epochs=0", "--output",
      output,
    ] + (force ? ["--force"] : [])
  }

  /// Results that differ from those of ``arguments(force:)``, as an earlier run would leave them.
  func makeOld() throws -> [String: Data] {
    try? FileManager.default.removeItem(atPath: output)
    try FileManager.default.createDirectory(atPath: output, withIntermediateDirectories: false)
    let report = #"{"schema": 1, "files": [{"file": "old.h5"}]}"#
    try Data(report.utf8).write(to: URL(filePath: "\(output)/report.json"))
    try Data("old model".utf8).write(to: URL(filePath: "\(output)/old.h5"))
    return try contents()
  }

  /// What is in the output folder, by name.
  func contents() throws -> [String: Data] {
    var result: [String: Data] = [:]
    for name in try FileManager.default.contentsOfDirectory(atPath: output) {
      result[name] = try Data(contentsOf: URL(filePath: "\(output)/\(name)"))
    }
    return result
  }

  /// What is beside the output folder, and the folder itself; hidden ones too.
  func names() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: place.path("results")).sorted()
  }

  /// Whether these are all results of a whole run; the report's times differ between runs.
  static func isWhole(_ found: [String: Data], like whole: [String: Data]) -> Bool {
    guard Set(found.keys) == Set(whole.keys), let report = found["report.json"] else {
      return false
    }
    return (try? JSONSerialization.jsonObject(with: report)) != nil
      && found.allSatisfy { $0.key == "report.json" || whole[$0.key] == $0.value }
  }

  /// Runs the job with strace's injections, such as `fsync:error=EIO:when=2`; nil without strace.
  static func traced(_ injections: [String], _ arguments: [String]) throws -> Ending? {
    guard FileManager.default.isExecutableFile(atPath: "/usr/bin/strace") else {
      #expect(!Lab.isRequired, "strace is missing")
      print("SKIPPED: strace is missing; apt-get install strace")
      return nil
    }
    let calls = injections.map { String($0.prefix { $0 != ":" }) }.joined(separator: ",")
    return try Ending(
      "/usr/bin/strace",
      ["-f", "-qqq", "-o", "/dev/null", "-e", "trace=\(calls)"]
        + injections.flatMap { ["-e", "inject=\($0)"] } + [RunnerProgram.path().path] + arguments)
  }
}

/// How a program ended.
struct Ending {
  /// The exit status, or 128 and the signal's number, as a shell says it.
  let status: Int32
  /// Whether it ended by a signal, as waitpid(2) says it.
  let isSignal: Bool
  let output: String
  let errors: String

  /// Runs a program to its end, or until `disturb` ends it.
  init(
    _ program: String, _ arguments: [String], disturb: (Process) throws -> Void = { _ in }
  ) throws {
    let folder = try TemporaryFolder()
    let process = Process()
    process.executableURL = URL(filePath: program)
    process.arguments = arguments
    let files = ["out", "err"].map { URL(filePath: "\(folder.path)/\($0)") }
    for file in files { try Data().write(to: file) }
    let handles = try files.map { try FileHandle(forWritingTo: $0) }
    (process.standardOutput, process.standardError) = (handles[0], handles[1])
    try process.run()
    try disturb(process)
    process.waitUntilExit()
    isSignal = process.terminationReason == .uncaughtSignal
    status = process.terminationStatus + (isSignal ? 128 : 0)
    output = try String(contentsOf: files[0], encoding: .utf8)
    errors = try String(contentsOf: files[1], encoding: .utf8)
  }

  /// Runs a script in which `$RUNNER` is the program and $1, $2, ... are the arguments.
  init(script: String, _ arguments: [String] = []) throws {
    try self.init(
      "/bin/bash",
      ["-c", "RUNNER=$1; shift; \(script)", "bash", try RunnerProgram.path().path] + arguments)
  }
}
