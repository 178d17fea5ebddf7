import DefenseKit
import DefenseKitTesting
import Foundation
import Testing

@testable import TriggerUnlearning

@Suite("TriggerUnlearning")
struct TriggerUnlearningTests {
  static let checks = PluginChecks(
    TriggerUnlearning.self, options: quick,
    refusing: [
      "verdict": ["", "none"], "triggers": ["", "a,,b"], "rounds": ["0", "7"],
      "steps": ["0", "10001"], "learning-rate": ["0", "2"], "batch": ["0", "4097"],
      "triggered": ["0", "4097"], "margin": ["-1", "101"], "residual": ["-1"],
      "labels": ["-1", "101"], "drop": ["-1", "101"], "held-out": ["0", "0.91"],
      "shift": ["-1", "65"], "flip": ["perhaps"],
    ])

  @Test("A rule of plugins", arguments: checks.rules)
  func rule(_ rule: PluginRule) throws { try Self.checks.check(rule) }

  private static var quick: TriggerUnlearning.Options {
    var options = TriggerUnlearning.Options()
    options.rounds = 1
    options.steps = 12
    options.batch = 16
    options.triggered = 8
    options.learningRate = 1e-4
    options.drop = 100
    return options
  }

  /// The options for ``PlantedNetwork``, whose patterns have no mirror image.
  private static var planted: TriggerUnlearning.Options {
    var options = TriggerUnlearning.Options()
    options.shift = 0
    options.flip = false
    options.rounds = 2
    return options
  }

  /// The clean accuracy and attack success rate of a model, 0 to 1.
  private func rates(
    of model: Model, _ network: PlantedNetwork, target: Int, patch: Int = 0
  ) throws -> (accuracy: Double, success: Double) {
    let test = network.images(100, seed: 8)
    let (triggered, _) = try network.trigger(target: target, patch: patch).testSet(from: test)
    let executor = try Executor([model])
    let clean = try executor.predictions(for: test.dataSet())[0]
    let bad = try executor.predictions(for: triggered.dataSet())[0]
    return (
      Double(zip(clean, test.labels).count { $0.isClass($1) }) / 100,
      Double(bad.count { $0.isClass(Int32(target)) }) / Double(bad.count)
    )
  }

  @Test("A planted patch is unlearned, without labels")
  func unlearns() throws {
    let network = PlantedNetwork()
    let model = try network.trained(target: 2)
    let before = try rates(of: model, network, target: 2)
    #expect(before.accuracy == 1 && before.success == 1)
    // Labels are a lie, and not used.
    let clean = try network.clean()
    let lying = try CleanData(clean.source, labels: clean.labels.map { ($0 + 1) % 5 })
    let statistics = RunStatistics()
    let repairs = try TriggerUnlearning(options: Self.planted).repair(
      model, using: lying, in: RunContext(statistics: statistics))
    let after = try rates(of: try #require(repairs.first).model, network, target: 2)
    #expect(!repairs[0].heldOut.isEmpty)
    #expect(repairs[0].heldOut.count + (repairs[0].tuning?.images ?? 0) == clean.count)
    #expect(after.success <= 0.05 && after.accuracy >= 0.98, "\(after)")
    #expect(statistics.warnings.contains { $0.contains("round 1: found class 2 by ") })
  }

  @Test("Two patches of different strength, each of a class of its own, are unlearned")
  func twoTargets() throws {
    let network = PlantedNetwork()
    let model = try network.trained(target: 2, second: 4)
    #expect(try rates(of: model, network, target: 2).success == 1)
    #expect(try rates(of: model, network, target: 4, patch: 1).success == 1)
    var options = Self.planted
    options.rounds = 4
    let statistics = RunStatistics()
    let repairs = try TriggerUnlearning(options: options).repair(
      model, using: try network.clean(), in: RunContext(statistics: statistics))
    let repaired = try #require(repairs.first).model
    let strong = try rates(of: repaired, network, target: 2)
    let weak = try rates(of: repaired, network, target: 4, patch: 1)
    #expect(strong.success <= 0.05 && strong.accuracy >= 0.98, "\(strong)")
    #expect(weak.success <= 0.05, "\(weak)")
    let first = try #require(statistics.warnings.first)
    #expect(first.contains("class 2 by") && first.contains("class 4 by"), "\(first)")
  }

  @Test("Without labels the same student, but no accuracy; labels in the loss must be there")
  func unlabelled() throws {
    let network = PlantedNetwork()
    let (model, clean) = (try network.trained(target: 2), try network.clean())
    let bare = try CleanData(
      clean.source, labels: Array(repeating: 0, count: clean.count), isLabelled: false)
    func repair(_ clean: CleanData, labels: Double = 0) throws -> Repair {
      var options = Self.quick
      options.labels = labels
      return try #require(
        try TriggerUnlearning(options: options).repair(model, using: clean, in: RunContext()).first)
    }
    let (with, without) = (try repair(clean), try repair(bare))
    #expect(with.model.graph == without.model.graph && with.model.graph != model.graph)
    #expect(with.clean?.images == clean.count && without.clean == nil)
    let error = #expect(throws: PluginError.self) { try repair(bare, labels: 0.5) }
    #expect(
      error?.description
        == "trigger-unlearning.labels is over 0, but the clean images have no labels; give labelled "
        + "ones or leave trigger-unlearning.labels out")
  }

  @Test("Images of a group are all learned or all held out", arguments: [UInt64(31)])
  func groups(seed: UInt64) throws {
    print("TriggerUnlearningTests.groups: seed \(seed)")
    var numbers = SeededGenerator(seed: seed)
    for _ in 0..<50 {
      let count = 2 + numbers.below(60)
      let groups = (0..<count).map { $0 < 2 ? $0 : numbers.below(8) }
      let clean = try CleanData(
        ArraySource((0..<count).map { Float($0) }, imageShape: [1]),
        labels: Array(repeating: 0, count: count), groups: groups)
      let (learned, heldOut) = try TriggerUnlearning().split(clean, seed: seed)
      #expect((learned + heldOut).sorted() == Array(0..<count) && !learned.isEmpty)
      #expect(!heldOut.isEmpty)
      let both = Set(learned.map { groups[$0] }).intersection(heldOut.map { groups[$0] })
      #expect(both.isEmpty, "\(groups): \(heldOut)")
    }
    let one = try CleanData(
      ArraySource([1, 2, 3], imageShape: [1]), labels: [0, 0, 0], groups: [5, 5, 5])
    #expect(throws: PluginError.self) { try TriggerUnlearning().split(one, seed: seed) }
  }

  @Test("Without a trigger the suspect is returned, and that is said")
  func nothingFound() throws {
    let network = PlantedNetwork()
    let model = try network.trained(target: nil)
    let statistics = RunStatistics()
    let repairs = try TriggerUnlearning(options: Self.planted).repair(
      model, using: try network.clean(), in: RunContext(statistics: statistics))
    #expect(repairs.count == 1 && repairs[0].model.graph == model.graph)
    #expect(repairs[0].tuning == nil)
    #expect(statistics.warnings.contains { $0.contains("the repair is the suspect") })
  }

  @Test("Given trigger files are unlearned, with no verdict at all")
  func givenFiles() throws {
    let network = PlantedNetwork()
    let model = try network.trained(target: 2)
    let path = FileManager.default.temporaryDirectory
      .appending(path: "unlearning-\(UUID()).h5").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    try network.trigger(target: 2).save(to: path)
    var options = Self.planted
    options.verdict = "none"
    options.triggers = [path]
    let repairs = try TriggerUnlearning(options: options).repair(
      model, using: try network.clean(), in: RunContext(sandbox: .off))
    let after = try rates(of: repairs[0].model, network, target: 2)
    #expect(after.success <= 0.05 && after.accuracy >= 0.98, "\(after)")
    // A trigger of another shape is refused by its path.
    let other = PlantedNetwork(shape: [9, 9, 1])
    #expect(throws: PluginError.self) {
      try TriggerUnlearning(options: options).repair(
        try other.trained(target: 2), using: try other.clean(), in: RunContext(sandbox: .off))
    }
  }

  @Test("A round that fails names its option")
  func divergence() throws {
    let network = PlantedNetwork()
    var options = Self.planted
    options.learningRate = 1
    let error = #expect(throws: PluginError.self) {
      try TriggerUnlearning(options: options).repair(
        try network.trained(target: 2), using: try network.clean(), in: RunContext())
    }
    #expect(error?.code == .untrainable)
    #expect(error?.remedies == [.lower("learning-rate", of: "trigger-unlearning")])
  }

  @Test("An unknown verdict, and one that this run does not have")
  func verdicts() throws {
    let network = PlantedNetwork()
    var options = Self.planted
    options.verdict = "free-eagel"
    func message(_ plugins: PluginSet?) throws -> String {
      do {
        _ = try TriggerUnlearning(options: options).repair(
          try network.trained(target: 2), using: try network.clean(),
          in: RunContext(plugins: plugins)
        )
        return "none"
      } catch let error as PluginError {
        return error.description
      }
    }
    #expect(try message(nil).contains("'free-eagel', which this run does not know"))
    #expect(
      try message(PluginSet([TriggerUnlearning.self])).contains("free-eagel is not a verdict"))
  }
}
