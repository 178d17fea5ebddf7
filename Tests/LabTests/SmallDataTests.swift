import DefenseKit
import FinePruning
import Foundation
import GoodNet
import LabFiles
import Testing

@testable import ModelIO

/// Everything in reference-small.json, which Keras computed on the real faces alone: exactly.
@Suite("The lab's real faces", .enabled(if: Lab.runsSmall))
struct SmallDataTests {
  static let sets = ["valid", "test", "bd_valid", "bd_test"]

  @Test("The class of every image", arguments: sets)
  func predictions(_ name: String) throws {
    let reference = try LabData.reference("reference-small.json")
    let set = try LabData.set(name, of: Lab.small)
    let predictions = try Executor([LabData.model()]).labels(for: set)[0]
    #expect(predictions.map { Int($0) } == reference["predictions"]?[name]?.ints)
    #expect(predictions.count == reference["images"]?[name]?.int)
    #expect(LabData.correct(predictions, set) == reference["correct"]?[name]?.int)
  }

  @Test("Mean activations, the order of the channels, and the dormant ones")
  func order() throws {
    let reference = try LabData.reference("reference-small.json")
    let valid = try LabData.set("valid", of: Lab.small)
    let model = try LabData.model()
    let means = try ChannelSweep(model: model, layer: "conv_3").record(valid).frontierMeans
    let expected = try #require(reference["pool_3_mean"]?.floats)
    #expect(means.count == expected.count)
    for (channel, (mean, right)) in zip(means, expected).enumerated() {
      // Relative; so a dormant channel's mean is exactly zero.
      #expect(abs(mean - Double(right)) <= 1e-4 * Double(right), "channel \(channel)")
    }
    #expect(means.count { $0 == 0 } == reference["dormant"]?.int)
    let curve = try curve(model, valid)
    #expect(curve.layer == "conv_3")
    #expect(curve.order == reference["order"]?.ints)
  }

  @Test("The whole curve, on all four sets")
  func wholeCurve() throws {
    let steps = try #require(try LabData.reference("reference-small.json")["curve"]?.array)
    let model = try LabData.model()
    let order = try curve(model, LabData.set("valid", of: Lab.small)).order
    #expect(steps.count == order.count)
    let sweep = try ChannelSweep(model: model, layer: "conv_3")
    for name in Self.sets {
      let set = try LabData.set(name, of: Lab.small)
      let predictions = try sweep.record(set).labels(masking: order)
      let correct = predictions.map { LabData.correct($0, set) }
      #expect(Array(correct.dropFirst()) == steps.compactMap { $0[name]?.int }, "\(name)")
    }
  }

  @Test("Repaired networks and GoodNet at every threshold", arguments: ["valid", "test"])
  func thresholds(_ part: String) throws {
    let thresholds = try #require(
      try LabData.reference("reference-small.json")["thresholds"]?.object)
    let drops = thresholds.keys.compactMap { Double($0) }.sorted()
    #expect(drops == [2, 4, 10, 30])
    let experiment = try Experiment(
      suspect: LabData.model(), clean: CleanData(LabData.set("valid", of: Lab.small)),
      test: CleanData(LabData.set(part, of: Lab.small)),
      poisoned: PoisonedData(LabData.set("bd_\(part)", of: Lab.small)))
    let defense = try FinePruning(options: .init(drops: drops, tuning: .none))
    let evaluation = try experiment.run([defense], [GoodNet()], in: RunContext())
    #expect(evaluation.repairs.map(\.repair.drop) == drops)
    for (result, drop) in zip(evaluation.repairs, drops) {
      let expected = try #require(thresholds["\(Int(drop))"])
      #expect(result.repair.pruned[0].channels.count == expected["channels"]?.int)
      #expect(result.repair.clean?.correct == expected["valid"]?["repaired"]?.int)
      let (clean, poisoned) = (expected[part], expected["bd_\(part)"])
      #expect(result.result.test?.correct == clean?["repaired"]?.int)
      #expect(result.result.poisoned?.counted.hits == poisoned?["repaired"]?.int)
      let goodnet = try #require(result.detectors.first?.result)
      #expect(goodnet.test?.correct == clean?["goodnet"]?.int)
      #expect(goodnet.test?.flagged == clean?["flagged"]?.int)
      #expect(goodnet.poisoned?.counted.hits == poisoned?["goodnet"]?.int)
      #expect(goodnet.poisoned?.counted.flagged == poisoned?["flagged"]?.int)
    }
  }

  private func curve(_ model: Model, _ valid: DataSet) throws -> PruningCurve {
    let repairs = try FinePruning(options: .init(tuning: .none)).repair(
      model, using: CleanData(valid), in: RunContext())
    return try #require(repairs.first?.curve)
  }
}
