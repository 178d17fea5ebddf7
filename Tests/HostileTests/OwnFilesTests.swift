import Foundation
import LabFiles
import Testing

/// Files of our own, one or more for every rule, through every command that reads one.
@Suite("Hostile files of our own", .enabled(if: Lab.runsPython), .serialized)
struct OwnFilesTests {
  let files: HostileFiles

  init() throws { files = try #require(HostileFiles.made) }

  private func main(_ model: String, _ data: String, _ name: String) -> (
    arguments: [String], output: String
  ) {
    let output = files.path("out-\(name)")
    return (
      [
        "run", "--defense", "fine-pruning", "--detector", "goodnet", "--model", model, "--clean",
        data,
        "--output", output, "--option", "fine-pruning.drops=10",
        "--option", "fine-pruning.epochs=0",
      ], output
    )
  }

  /// Runs jobs; nothing may be there afterwards that was not before.
  private func run(_ jobs: [Job]) throws {
    let before = try FileManager.default.subpathsOfDirectory(atPath: files.folder.path).sorted()
    try Job.run(jobs, secret: files.secret)
    let after = try FileManager.default.subpathsOfDirectory(atPath: files.folder.path).sorted()
    #expect(before == after)
  }

  @Test("The honest files are used")
  func honest() throws {
    let (arguments, output) = main(files.goodModel, files.goodData, "good")
    defer { try? FileManager.default.removeItem(atPath: output) }
    try Job.run([
      Job(arguments: ["inspect", files.goodModel], statuses: [0]),
      Job(arguments: ["evaluate", files.goodModel, "--test", files.goodData], statuses: [0]),
      Job(arguments: arguments, statuses: [0]),
    ])
    #expect(FileManager.default.fileExists(atPath: output + "/report.json"))
  }

  @Test("Inspect names each by its rule")
  func inspect() throws {
    try run(
      files.entries.map { entry in
        Job(
          arguments: ["inspect", files.path(entry.file)],
          statuses: entry.rules.isEmpty ? [0, 1] : [1, 65], rules: entry.rules)
      })
  }

  @Test("Evaluate refuses each, given as a model or as data")
  func evaluate() throws {
    try run(
      files.entries.map { entry in
        let path = files.path(entry.file)
        let model = entry.role == .data ? files.goodModel : path
        return Job(
          arguments: ["evaluate", model, "--test", entry.role == .data ? path : files.goodData],
          statuses: statuses(entry), rules: entry.loads ? [] : entry.rules)
      })
  }

  @Test("The main job refuses each and writes nothing")
  func mainJob() throws {
    try run(
      files.entries.filter { statuses($0) == [65] }.map { entry in
        let path = files.path(entry.file)
        let (arguments, output) = main(
          entry.role == .data ? files.goodModel : path, entry.role == .data ? path : files.goodData,
          entry.file)
        return Job(arguments: arguments, statuses: [65], rules: entry.rules, unwritten: output)
      })
  }

  @Test("Each given as the architecture of a good model")
  func architecture() throws {
    try run(
      files.entries.map { entry in
        // Values are not read from such a file; its container and its configuration are.
        let isAboutValues = entry.rules.contains {
          $0.hasPrefix("weights") || ["h5-type", "parser-limit"].contains($0)
        }
        return Job(
          arguments: [
            "evaluate", files.goodModel, "--architecture", files.path(entry.file), "--test",
            files.goodData,
          ], statuses: isAboutValues ? [0, 65] : statuses(entry),
          rules: isAboutValues || entry.loads ? [] : entry.rules)
      })
  }

  private func statuses(_ entry: HostileFiles.Entry) -> Set<Int32> {
    entry.role == .names ? [0] : entry.loads ? [0, 65] : [65]
  }
}
