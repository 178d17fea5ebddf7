import DefenseKit
import DefenseKitTesting
import Testing

@testable import OccluderSearch

@Suite("OccluderSearch")
struct OccluderSearchTests {
  static let checks = PluginChecks(
    OccluderSearch.self, options: quick,
    refusing: [
      "census": ["99", "1000001"], "shortlist": ["0", "1001"], "generations": ["0", "1001"],
      "repeats": ["-1", "101"],
      "penalty": ["-1", "101"], "threshold": ["0", "-1"], "passes": ["999", "many"],
    ])

  @Test("A rule of plugins", arguments: checks.rules)
  func rule(_ rule: PluginRule) throws { try Self.checks.check(rule) }

  private static var quick: OccluderSearch.Options {
    var options = OccluderSearch.Options()
    options.census = 400
    options.generations = 2
    return options
  }

  private func scan(
    _ model: Model, _ clean: CleanData, _ options: OccluderSearch.Options = .init(),
    seed: UInt64 = 0, threads: Int? = nil
  ) throws -> ModelVerdict {
    try OccluderSearch(options: options).scan(
      model, using: clean,
      in: RunContext(execution: ExecutionOptions(threads: threads), seed: seed))
  }

  @Test("A planted patch is found and shown; without it nothing is", arguments: [1, 3])
  func planted(channels: Int) throws {
    let network = PlantedNetwork(shape: [12, 12, channels])
    let clean = try network.clean()
    let suspect = try scan(try network.model(target: 2), clean)
    #expect(suspect.targets == [2] && suspect.isBackdoored, "\(suspect.classScores)")
    let trigger = try #require(suspect.triggers.first)
    #expect(trigger.goal.target == 2 && trigger.attack == "occluder-search")
    let test = network.images(50, seed: 4)
    let (triggered, _) = try trigger.testSet(from: test)
    let found = try Executor([try network.model(target: 2)]).predictions(for: triggered.dataSet())
    #expect(found[0].count { $0.isClass(2) } >= triggered.count * 9 / 10)
    let honest = try scan(try network.model(target: nil), clean)
    #expect(!honest.isBackdoored && honest.targets.isEmpty, "\(honest.classScores)")
    #expect(honest.triggers.isEmpty)
  }

  @Test("Two planted patches, each of a class of its own, are both named")
  func twoTargets() throws {
    let network = PlantedNetwork()
    let suspect = try scan(try network.model(target: 2, second: 4), try network.clean())
    #expect(suspect.targets.sorted() == [2, 4], "\(suspect.classScores)")
    #expect(Set(suspect.triggers.map(\.goal.target)) == [2, 4])
    let scores = suspect.classScores
    let rival = [0, 1, 3].map { scores[$0] }.max() ?? 0
    #expect(suspect.statistic == min(scores[2], scores[4]) - rival)
  }

  @Test("Unlabelled images give the same verdict; wrong labels a warning, none no warning")
  func labels() throws {
    let network = PlantedNetwork()
    let (model, clean) = (try network.model(target: 2), try network.clean())
    func scan(isLabelled: Bool) throws -> (ModelVerdict, [String]) {
      let statistics = RunStatistics()
      let verdict = try OccluderSearch(options: Self.quick).scan(
        model,
        using: CleanData(
          clean.source, labels: clean.labels.map { ($0 + 1) % 5 }, isLabelled: isLabelled),
        in: RunContext(statistics: statistics))
      return (verdict, statistics.warnings)
    }
    let (labelled, unlabelled) = (try scan(isLabelled: true), try scan(isLabelled: false))
    #expect(labelled.0 == unlabelled.0)
    #expect(labelled.1.contains { $0.contains("close to chance") } && unlabelled.1.isEmpty)
  }

  @Test("Two classes are enough")
  func twoClasses() throws {
    let network = PlantedNetwork(classes: 2)
    let suspect = try scan(try network.model(target: 0), try network.clean())
    #expect(suspect.targets == [0], "\(suspect.classScores)")
    let honest = try scan(try network.model(target: nil), try network.clean())
    #expect(!honest.isBackdoored, "\(honest.classScores)")
  }

  @Test("Permuted classes have permuted scores")
  func permutedClasses() throws {
    let order = [3, 0, 4, 1, 2]
    let network = PlantedNetwork()
    let other = PlantedNetwork(order: order)
    // The same images in the same order: labels do not decide.
    let clean = try network.clean()
    let first = try scan(try network.model(target: 2), clean, Self.quick)
    let target = try #require(order.firstIndex(of: 2))
    let second = try scan(
      try other.model(target: target),
      try CleanData(
        clean.source, labels: clean.labels.map { Int32(order.firstIndex(of: Int($0)) ?? 0) }),
      Self.quick)
    for (c, pattern) in order.enumerated() {
      #expect(abs(second.classScores[c] - first.classScores[pattern]) < 1e-4)
    }
  }

  @Test("Any number of threads gives the same verdict; another seed finds the same class")
  func threads() throws {
    let network = PlantedNetwork()
    let (model, clean) = (try network.model(target: 1), try network.clean())
    let one = try scan(model, clean, threads: 1)
    #expect(try scan(model, clean, threads: 3) == one)
    #expect(try scan(model, clean, seed: 5).targets == [1])
  }

  @Test("Images of 0...1 are taken as those of 0...255")
  func unitRange() throws {
    let network = PlantedNetwork()
    let images = network.images(60)
    let dim = ArraySource(images.bytes.map { Float($0) / 255 }, imageShape: network.shape)
    var model = try network.model(target: 3)
    model.preprocessing.scale = 1
    let verdict = try scan(model, try CleanData(dim, labels: images.labels))
    #expect(verdict.targets == [3])
  }

  @Test("A search cut short says so and keeps what it found")
  func cutShort() throws {
    let network = PlantedNetwork()
    var options = OccluderSearch.Options()
    options.passes = 10_000
    let statistics = RunStatistics()
    let verdict = try OccluderSearch(options: options).scan(
      try network.model(target: 2), using: try network.clean(),
      in: RunContext(statistics: statistics))
    #expect(statistics.imagesRun <= 10_000)
    #expect(verdict.notes.contains { $0.contains("cut short") })
    #expect(verdict.classScores[2] > 0)
  }

  @Test("Where no verdict is possible, the reason is told")
  func refusals() throws {
    func message(_ work: () throws -> ModelVerdict) -> String {
      do {
        _ = try work()
        return "none"
      } catch {
        return "\(error)"
      }
    }
    let network = PlantedNetwork()
    let model = try network.model(target: 2)
    let few = message { try scan(model, try network.clean(7)) }
    #expect(few.contains("has no verdict, as it needs 8 clean images at least"), "\(few)")
    let images = network.images(20)
    let negative = ArraySource(images.bytes.map { Float($0) - 128 }, imageShape: network.shape)
    let range = message { try scan(model, try CleanData(negative, labels: images.labels)) }
    #expect(range.contains("values of 0...255"), "\(range)")
    let same = LabelledImages(
      imageShape: network.shape, bytes: (0..<10).flatMap { _ in images[0] },
      labels: Array(repeating: images.labels[0], count: 10), name: "same")
    // All images have one class: triggers can be judged for the others only.
    let verdict = try scan(model, try CleanData(same.dataSet(), labels: same.labels), Self.quick)
    #expect(verdict.classScores[Int(images.labels[0])] == 0)
  }
}
