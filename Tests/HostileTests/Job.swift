import Foundation
import LabFiles
import Testing

/// One call of the built program, and what may come of it.
struct Job {
  /// The most that the program, or a process of its own that it waits for, may take: all but a
  /// tenth of it is room for the largest JSON. An honest model of this size takes 40 MiB.
  static let largestMemory = 400 << 10
  /// No file may hold the program up for longer, on a busy machine either.
  static let seconds = 40.0

  /// How a call ended, as `jobs.py` says it.
  struct Result: Decodable {
    /// The exit status; the negative number of the signal that ended it.
    let status: Int32
    let isLate: Bool
    let seconds: Double
    let kibibytes: Int
    let output: String
    let errors: String
  }

  let arguments: [String]
  let statuses: Set<Int32>
  /// One of these must be named, if there are any.
  var rules: [String] = []
  /// What must not be there afterwards.
  var unwritten: String?

  /// Runs jobs, two at a time, and checks what any of them must keep to.
  ///
  /// - Parameter secret: A text that must not be seen.
  @discardableResult
  static func run(_ jobs: [Job], secret: String? = nil) throws -> [Result] {
    let program = try #require(Lab.program("runner"), "the program wasn't found beside the tests")
    let python = try #require(Lab.python)
    let list = jobs.map { job -> [String: Any] in
      ["arguments": [program.path] + job.arguments, "seconds": seconds]
    }
    let process = Process()
    process.executableURL = python
    process.arguments = [HostileFiles.fixture("jobs.py").path, "2"]
    let input = FileManager.default.temporaryDirectory.appending(path: "jobs-\(UUID()).json")
    try JSONSerialization.data(withJSONObject: list).write(to: input)
    defer { try? FileManager.default.removeItem(at: input) }
    process.standardInput = try FileHandle(forReadingFrom: input)
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    try #require(process.terminationStatus == 0)
    let results = try JSONDecoder().decode([Result].self, from: data)
    try #require(results.count == jobs.count)
    for (job, result) in zip(jobs, results) { job.check(result, secret: secret) }
    return results
  }

  /// Records one issue that lists all that is wrong with a result.
  private func check(_ result: Result, secret: String?) {
    let all = result.output + result.errors
    var problems: [String] = []
    if result.isLate { problems.append("too slow") }
    if !statuses.contains(result.status) { problems.append("not one of \(statuses.sorted())") }
    if result.kibibytes > Self.largestMemory { problems.append("too much memory") }
    if result.status > 1 {
      let lines = result.errors.split(separator: "\n", omittingEmptySubsequences: false)
        .filter { !Self.isProgress($0) }
      if lines.count != 2 || !lines[0].hasPrefix("runner: ") || lines[1] != "" {
        problems.append("not one line")
      }
      if arguments[0] != "inspect", result.output != "" { problems.append("a result") }
    }
    if !rules.isEmpty, !rules.contains(where: all.contains) { problems.append("not \(rules)") }
    if Self.hasControls(all) { problems.append("control characters") }
    if let secret, all.contains(secret) { problems.append("the secret") }
    if let unwritten, FileManager.default.fileExists(atPath: unwritten) {
      problems.append("output written")
    }
    if problems.isEmpty { return }
    let command = arguments.map { $0.split(separator: "/").last ?? "" }.joined(separator: " ")
    Issue.record(
      """
      \(command): status \(result.status), \(result.seconds) s, \(result.kibibytes) KiB; \
      \(problems.joined(separator: ", ")): \(all.prefix(300).debugDescription)
      """)
  }

  /// Whether a line tells the progress of a phase that takes over five seconds, as on a busy machine.
  private static func isProgress(_ line: Substring) -> Bool {
    let form = /[a-z ]+: (ended after \d|\d+:\d\d so far|\d+ %(,| in) |[\d,]+ images in \d)/
    return line.prefixMatch(of: form) != nil
  }

  /// Whether a text holds what a terminal would act on, or what turns or splits a line.
  static func hasControls(_ text: String) -> Bool {
    text.unicodeScalars.contains { scalar in
      switch scalar.properties.generalCategory {
      case .control: scalar != "\n"
      case .format, .lineSeparator, .paragraphSeparator: true
      default: false
      }
    }
  }
}
