import DefenseKit
import FinePruning
import Foundation
import GoodNet
import LabFiles
import Testing

@testable import ModelIO

/// Everything in reference-full.json: the main job on data of the published size.
@Suite("The lab's data at the published size", .enabled(if: Lab.runsFull))
struct FullDataTests {
  /// Float32 sums tie differently on different machines; so many images may differ.
  static let tolerance = 3

  @Test("Every count off by at most 3 images, the order exact")
  func mainJob() throws {
    let reference = try LabData.reference("reference-full.json")
    let thresholds = try #require(reference["thresholds"]?.object)
    let drops = thresholds.keys.compactMap { Double($0) }.sorted()
    #expect(drops == [2, 4, 10])
    let experiment = try Experiment(
      suspect: LabData.model(), clean: CleanData(LabData.set("valid", of: Lab.full)),
      test: CleanData(LabData.set("test", of: Lab.full)),
      poisoned: PoisonedData(LabData.set("bd_test", of: Lab.full)))
    let defense = try FinePruning(options: .init(drops: drops, tuning: .none))
    let evaluation = try experiment.run([defense], [GoodNet()], in: RunContext())

    let curve = try #require(evaluation.curves.first?.curve)
    #expect(curve.images == reference["images"]?["valid"]?.int)
    #expect(curve.order == reference["order"]?.ints)
    let steps = try #require(reference["curve_valid"]?.array)
    #expect(steps.count == curve.order.count)
    expectClose(curve.correct[0], reference["correct"]?["valid"], "valid")
    for (step, expected) in steps.enumerated() {
      expectClose(curve.correct[step + 1], expected, "valid after \(step + 1) channels")
    }
    check(evaluation.suspect, reference["correct"], "", "")
    #expect(evaluation.suspect.test?.images == reference["images"]?["test"]?.int)
    #expect(evaluation.suspect.poisoned?.counted.images == reference["images"]?["bd_test"]?.int)
    #expect(evaluation.repairs.map(\.repair.drop) == drops)
    for (result, drop) in zip(evaluation.repairs, drops) {
      let expected = try #require(thresholds["\(Int(drop))"])
      #expect(result.repair.pruned[0].channels.count == expected["channels"]?.int)
      check(result.result, expected, "repaired", "\(drop) %")
      let goodnet = try #require(result.detectors.first?.result)
      check(goodnet, expected, "goodnet", "\(drop) %")
      expectClose(goodnet.test?.flagged, expected["test"]?["flagged"], "\(drop) %, flagged")
      expectClose(
        goodnet.poisoned?.counted.flagged, expected["bd_test"]?["flagged"],
        "\(drop) %, poisoned flagged")
    }
  }

  private func expectClose(_ count: Int?, _ expected: JSON?, _ what: String) {
    LabTests.expectClose(count, expected, within: Self.tolerance, what)
  }

  /// Compares with the counts under `key` of both test sets, or with themselves where it is empty.
  private func check(
    _ result: Evaluation.ModelResult, _ expected: JSON?, _ key: String, _ what: String
  ) {
    func count(_ set: String) -> JSON? {
      key.isEmpty ? expected?[set] : expected?[set]?[key]
    }
    expectClose(result.test?.correct, count("test"), "\(key) \(what), test")
    expectClose(result.poisoned?.counted.hits, count("bd_test"), "\(key) \(what), bd_test")
  }
}
