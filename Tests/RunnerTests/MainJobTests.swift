import Foundation
import Testing

/// The main job as a user runs it, on the embedded network and on the lab's.
@Suite("The main job, whole")
struct MainJobTests {
  private typealias Object = [String: Any]

  /// Runs the job with `--json` and returns the report.
  private func report(_ arguments: [String]) throws -> Object {
    let result = try RunnerProgram.run(
      ["--defense", "fine-pruning", "--detector", "goodnet", "--json"] + arguments)
    #expect(result.status == 0, "\(result.errors)")
    return try #require(
      try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? Object)
  }

  private func count(_ object: Object?, _ path: String...) -> Int? {
    var object = object
    for key in path.dropLast() { object = object?[key] as? Object }
    return path.last.flatMap { object?[$0] as? Int }
  }

  @Test("The embedded default, the same with one thread and with two")
  func embedded() throws {
    let images = "/usr/share/datasets/fashion-mnist/t10k-images-idx3-ubyte.gz"
    guard FileManager.default.fileExists(atPath: images) else {
      print("skipped: \(images) is missing; apt-get install dataset-fashion-mnist")
      return
    }
    var one = try report(["--threads", "1"])
    var two = try report(["--threads", "2"])
    #expect(one.removeValue(forKey: "environment") != nil)
    two["environment"] = nil
    #expect(NSDictionary(dictionary: one) == NSDictionary(dictionary: two))
    let suspect = one["suspect"] as? Object
    // What Keras counts, from the network's description; ties may move a count a little.
    let url = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("Sources/RunnerKit/Resources/fashion-mnist-badnet.json")
    let description = try JSONSerialization.jsonObject(with: Data(contentsOf: url)) as? Object
    let reference = (description?["reference"] as? Object)?["suspect"] as? Object
    let clean = try #require(count(reference, "clean"))
    let poisoned = try #require(count(reference, "poisoned"))
    #expect(abs((count(suspect, "clean", "correct") ?? 0) - clean) <= 3)
    #expect(abs((count(suspect, "poisoned", "hits") ?? 0) - poisoned) <= 3)
    #expect((one["repairs"] as? [Any])?.count == 3)
  }

  @Test("The lab's network on the small files: every count at every threshold")
  func lab() throws {
    let environment = ProcessInfo.processInfo.environment
    let beside = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("shared/csaw-lab3").path
    let lab = environment["DEFENSEKIT_CSAW"] ?? beside
    let data = (environment["DEFENSEKIT_LAB"] ?? "") + "/small"
    guard FileManager.default.fileExists(atPath: "\(lab)/reference-small.json"),
      FileManager.default.fileExists(atPath: "\(data)/cl/valid.h5")
    else {
      if environment["DEFENSEKIT_REQUIRE_CSAW"] == "1" {
        Issue.record("the lab's files must be there: DEFENSEKIT_CSAW and DEFENSEKIT_LAB")
      }
      print("skipped: DEFENSEKIT_CSAW or DEFENSEKIT_LAB (make_data.py's folder) is missing")
      return
    }
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
        #expect(count(repair, "validation", "correct") == count(expected, "valid", "repaired"))
        #expect(count(repair, "clean", "correct") == count(expected, part, "repaired"))
        #expect(count(repair, "poisoned", "hits") == count(expected, "bd_\(part)", "repaired"))
        let goodnet = try #require((repair["detectors"] as? [Object])?.first)
        #expect(count(goodnet, "clean", "correct") == count(expected, part, "goodnet"))
        #expect(count(goodnet, "clean", "flagged") == count(expected, part, "flagged"))
        #expect(count(goodnet, "poisoned", "hits") == count(expected, "bd_\(part)", "goodnet"))
        #expect(count(goodnet, "poisoned", "flagged") == count(expected, "bd_\(part)", "flagged"))
      }
    }
  }
}
