import DefenseKit
import FinePruning
import Foundation
import GoodNet
import LabFiles
import Testing

/// What must not change a result: threads, sharing, the order of the images.
@Suite("Results depend on the images alone", .enabled(if: Lab.runsSmall))
struct InvarianceTests {
  private func run(
    _ options: ExecutionOptions, shuffled: Bool = false
  ) throws -> Evaluation {
    func set(_ name: String) throws -> DataSet {
      let set = try LabData.set(name, of: Lab.small)
      return shuffled ? try set.selecting(Self.order(set.count)) : set
    }
    let experiment = try Experiment(
      suspect: LabData.model(), clean: CleanData(set("valid")), test: CleanData(set("test")),
      poisoned: PoisonedData(set("bd_test")), replaysCurves: true)
    let defense = try FinePruning(options: .init(drops: [2, 4, 10, 30], tuning: .none))
    return try experiment.run([defense], [GoodNet()], in: RunContext(execution: options))
  }

  /// A fixed order without any structure: steps of 23 around a circle of 56 or 57, backwards.
  private static func order(_ count: Int) -> [Int] {
    (0..<count).map { (count - 1 - $0) * 23 % count }
  }

  private func expectEqual(_ a: Evaluation, _ b: Evaluation) {
    #expect(a.suspect == b.suspect)
    #expect(a.curves == b.curves)
    #expect(a.repairs.map(\.result) == b.repairs.map(\.result))
    #expect(
      a.repairs.map { $0.detectors.map(\.result) }
        == b.repairs.map { $0.detectors.map(\.result) })
    // The images may stand in another order, but their scores are the same bits.
    func scores(_ evaluation: Evaluation) -> [[Float]] {
      evaluation.repairs.flatMap(\.detectors).flatMap {
        [$0.scores.test.sorted(), $0.scores.poisoned.sorted()]
      }
    }
    #expect(scores(a) == scores(b))
    #expect(a.repairs.map(\.repair.pruned) == b.repairs.map(\.repair.pruned))
    #expect(a.repairs.map(\.repair.clean) == b.repairs.map(\.repair.clean))
    #expect(a.repairs.map(\.repair.model.graph) == b.repairs.map(\.repair.model.graph))
    #expect(!a.repairs.isEmpty && a.curves.first?.replay.count == 61)
  }

  @Test("The whole job with any number of threads, with sharing and without", arguments: [1, 2, 3])
  func threadsAndSharing(_ threads: Int) throws {
    let plain = try run(.init(threads: 1))
    expectEqual(try run(.init(threads: threads)), plain)
    expectEqual(try run(.init(threads: threads, sharing: false)), plain)
  }

  @Test("The whole job on shuffled data")
  func shuffled() throws {
    expectEqual(try run(.init(), shuffled: true), try run(.init()))
  }

  @Test("Shuffled images get the same predictions, permuted", arguments: ["test", "bd_test"])
  func permuted(_ name: String) throws {
    let set = try LabData.set(name, of: Lab.small)
    let order = Self.order(set.count)
    #expect(order.sorted() == Array(0..<set.count))
    let suspect = try LabData.model()
    let clean = try CleanData(LabData.set("valid", of: Lab.small))
    let defense = try FinePruning(options: .init(drops: [30], tuning: .none))
    let context = RunContext()
    let repaired = try #require(
      try defense.repair(suspect, using: clean, in: context).first?.model)
    func predictions(_ set: DataSet, _ model: Model) throws -> [Prediction] {
      try GoodNet().predictions(
        for: set, suspect: suspect, repaired: Repair(model), using: nil, in: context)
    }
    let straight = try predictions(set, repaired)
    #expect(straight.contains(.flagged))
    let mixed = try set.selecting(order)
    #expect(try predictions(mixed, repaired) == order.map { straight[$0] })
    let labels = try Executor([suspect]).labels(for: set)[0]
    #expect(try Executor([suspect]).labels(for: mixed)[0] == order.map { labels[$0] })
  }

  @Test("Each step of the sweep predicts what the masked model by itself does, image by image")
  func sweep() throws {
    let model = try LabData.model()
    for name in ["valid", "bd_valid"] {
      let set = try LabData.set(name, of: Lab.small)
      let order = Array(0..<60).reversed() + []
      let shared = try ChannelSweep(model: model, layer: "conv_3").record(set)
      let separate = try ChannelSweep(
        model: model, layer: "conv_3", options: .init(sharing: false)
      ).record(set)
      let predictions = try shared.labels(masking: order)
      #expect(try separate.labels(masking: order) == predictions)
      #expect(separate.frontierMeans == shared.frontierMeans)
      for count in [0, 1, 17, 45, 60] {
        var masked = model
        masked.graph = try model.graph.masking(Array(order[..<count]), of: "conv_3")
        #expect(try Executor([masked]).labels(for: set)[0] == predictions[count])
      }
    }
  }
}
