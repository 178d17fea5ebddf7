import Foundation
import LabFiles
import Testing

/// The main job as a user runs it on the lab's network.
@Suite("The main job, whole")
struct MainJobTests {
  private typealias Object = [String: Any]

  /// Runs the job with `--json` and returns the report.
  private func report(_ arguments: [String]) throws -> Object {
    let result = try RunnerProgram.run(
      [
        "--defense", "fine-pruning", "--detector", "goodnet", "--json", "--option",
        "fine-pruning.epochs=0",
      ] + arguments)
    #expect(result.status == 0, "\(result.errors)")
    return try #require(
      try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? Object)
  }

  private func count(_ object: Object?, _ path: String...) -> Int? {
    var object = object
    for key in path.dropLast() { object = object?[key] as? Object }
    return path.last.flatMap { object?[$0] as? Int }
  }

  @Test("The lab's network on the small files: every count", .enabled(if: Lab.runsSmall))
  func lab() throws {
    let lab = try #require(Lab.folder).path
    let data = try #require(Lab.small).path
    let reference = try #require(
      try JSONSerialization.jsonObject(
        with: Data(contentsOf: URL(fileURLWithPath: "\(lab)/reference-small.json"))) as? Object)
    let thresholds = try #require(reference["thresholds"] as? [String: Object])
    let order = try #require(reference["order"] as? [Int])
    let drops = thresholds.keys.sorted { (Int($0) ?? 0) < (Int($1) ?? 0) }
    for part in ["test", "valid"] {
      let report = try report([
        "--model", "\(lab)/bd_net.h5", "--clean", "\(data)/cl/valid.h5", "--test",
        "\(data)/cl/\(part).h5", "--poisoned", "\(data)/bd/bd_\(part).h5", "--option",
        "fine-pruning.drops=\(drops.joined(separator: ","))",
      ])
      let repairs = try #require(report["repairs"] as? [Object])
      #expect(repairs.count == drops.count)
      for (drop, repair) in zip(drops, repairs) {
        let expected = thresholds[drop]
        let channels = try #require(count(expected, "channels"))
        #expect(repair["pruned"] as? [Int] == Array(order[..<channels]))
        #expect(count(repair, "clean", "correct") == count(expected, "valid", "repaired"))
        #expect(count(repair, "test", "correct") == count(expected, part, "repaired"))
        #expect(count(repair, "poisoned", "hits") == count(expected, "bd_\(part)", "repaired"))
        let goodnet = try #require((repair["detectors"] as? [Object])?.first)
        #expect(count(goodnet, "test", "correct") == count(expected, part, "goodnet"))
        #expect(count(goodnet, "test", "flagged") == count(expected, part, "flagged"))
        #expect(count(goodnet, "poisoned", "hits") == count(expected, "bd_\(part)", "goodnet"))
        #expect(count(goodnet, "poisoned", "flagged") == count(expected, "bd_\(part)", "flagged"))
      }
    }
  }

  @Test(
    "The same bytes with one, two and three threads, apart from the environment",
    .enabled(if: Lab.runsSmall))
  func sameBytes() throws {
    let lab = try #require(Lab.folder).path
    let data = try #require(Lab.small).path
    let folder = try TemporaryFolder()
    var runs: [[String: Data]] = []
    for threads in 1...3 {
      let output = "\(folder.path)/out"
      let result = try RunnerProgram.run([
        "--defense", "fine-pruning", "--detector", "goodnet", "--model", "\(lab)/bd_net.h5",
        "--clean", "\(data)/cl/valid.h5", "--test", "\(data)/cl/test.h5", "--poisoned",
        "\(data)/bd/bd_test.h5", "--curve", "--option", "fine-pruning.epochs=0", "--threads",
        "\(threads)", "--output", output,
        "--force",
      ])
      #expect(result.status == 0, "\(result.errors)")
      var files = ["table": Data(result.output.utf8)]
      for name in try FileManager.default.contentsOfDirectory(atPath: output) {
        files[name] = try Data(contentsOf: URL(filePath: "\(output)/\(name)"))
      }
      // The report is the same up to its last member.
      let report = String(decoding: files["report.json"] ?? Data(), as: UTF8.self)
      let environment = try #require(report.range(of: "\n  \"environment\": {"))
      files["report.json"] = Data(report[..<environment.lowerBound].utf8)
      runs.append(files)
    }
    #expect(runs[0].count == 10, "\(runs[0].keys.sorted())")
    #expect(runs[1] == runs[0])
    #expect(runs[2] == runs[0])
  }
}
