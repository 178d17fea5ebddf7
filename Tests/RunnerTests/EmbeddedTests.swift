import Foundation
import LabFiles
import Testing

/// The network that comes with the program, against what Keras counts with it (Fixtures/embedded.py).
@Suite("The embedded default")
struct EmbeddedTests {
  private typealias Object = [String: Any]

  /// Float32 sums tie differently; so many images may differ.
  static let tolerance = 3

  /// The reports of runs with the arguments given; nil where the images are missing.
  private func reports(_ arguments: [[String]]) throws -> [String]? {
    let images = "/usr/share/datasets/fashion-mnist/t10k-images-idx3-ubyte.gz"
    guard FileManager.default.fileExists(atPath: images) else {
      #expect(!Lab.isRequired, "\(images) is missing")
      print("SKIPPED: \(images) is missing; apt-get install dataset-fashion-mnist")
      return nil
    }
    return try arguments.map {
      let result = try RunnerProgram.run(
        [
          "--defense", "fine-pruning", "--detector", "goodnet", "--json", "--option",
          "fine-pruning.epochs=0",
        ] + $0)
      #expect(result.status == 0, "\(result.errors)")
      return result.output
    }
  }

  @Test("The same report with one, two and three threads, apart from the environment")
  func threads() throws {
    guard let texts = try reports((1...3).map { ["--threads", "\($0)"] }) else { return }
    let parts = try texts.map { text in
      String(text[..<(try #require(text.range(of: "\n  \"environment\": {")).lowerBound)])
    }
    #expect(parts[1] == parts[0])
    #expect(parts[2] == parts[0])
  }

  @Test("Every count of the network's description, off by at most 3 images, the order exact")
  func reference() throws {
    let url = Lab.repository
      .appending(path: "Tests/RunnerTests/Fixtures/embedded.json")
    let reference = try object(try Data(contentsOf: url))
    let thresholds = try #require(reference["thresholds"] as? [String: Object])
    let drops = thresholds.keys.sorted { (Int($0) ?? 0) < (Int($1) ?? 0) }
    #expect(drops == ["2", "4", "10", "20"])
    let option = "fine-pruning.drops=" + drops.joined(separator: ",")
    guard let text = try reports([["--curve", "--option", option]])?.first else { return }
    let report = try object(Data(text.utf8))

    let steps = try #require(report["curve"] as? [Object])
    let order = try #require(reference["order"] as? [Int])
    #expect(steps.compactMap { $0["channel"] as? Int } == order)
    let curve = try #require(reference["curve"] as? [String: [Int]])
    #expect(steps.count == order.count + 1)
    for (count, step) in steps.enumerated() {
      check(step, curve.mapValues { $0[count] }, "after \(count) channels")
    }
    // The sweep's first step is the suspect itself.
    let expected = try #require(reference["suspect"] as? [String: Int])
    check(try #require(steps.first), expected, "suspect, curve")
    let parts = expected.filter { $0.key != "clean" }
    check(try #require(report["suspect"] as? Object), parts, "suspect")

    let repairs = try #require(report["repairs"] as? [Object])
    #expect(repairs.count == drops.count)
    for (drop, repair) in zip(drops, repairs) {
      let expected = try #require(thresholds[drop])
      let channels = try #require(expected["channels"] as? Int)
      #expect(repair["layer"] as? String == reference["layer"] as? String)
      #expect(repair["pruned"] as? [Int] == Array(order[..<channels]))
      check(repair, try #require(expected["repaired"] as? [String: Int]), "\(drop) %")
      let goodnet = try #require((repair["detectors"] as? [Object])?.first)
      let verdicts = try #require(expected["goodnet"] as? [String: Int])
      check(goodnet, verdicts.filter { $0.key != "clean" }, "goodnet, \(drop) %")
      let flagged = try #require(expected["flagged"] as? [String: Int])
      check(goodnet, flagged, "goodnet, \(drop) %", ofFlags: true)
    }
  }

  /// Compares counts with the reference's, which names them by set: clean, test, poisoned, and
  /// poisoned_all with the target class's own images.
  private func check(
    _ result: Object, _ expected: [String: Int], _ what: String, ofFlags: Bool = false
  ) {
    #expect(!expected.isEmpty)
    for (set, right) in expected.sorted(by: { $0.key < $1.key }) {
      let poisoned = result["poisoned"] as? Object
      let counts = set == "poisoned_all" ? poisoned?["all"] as? Object : result[set] as? Object
      let key = ofFlags ? "flagged" : set.hasPrefix("poisoned") ? "hits" : "correct"
      guard let count = counts?[key] as? Int else {
        Issue.record("\(what), \(set): no count")
        continue
      }
      #expect(abs(count - right) <= Self.tolerance, "\(what), \(set): \(count) for \(right)")
    }
  }

  private func object(_ data: Data) throws -> Object {
    try #require(try JSONSerialization.jsonObject(with: data) as? Object)
  }
}
