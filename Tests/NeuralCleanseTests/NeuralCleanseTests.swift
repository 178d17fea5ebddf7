import DefenseKit
import DefenseKitTesting
import Testing

@testable import NeuralCleanse

@Suite("NeuralCleanse")
struct NeuralCleanseTests {
  static let checks = PluginChecks(
    NeuralCleanse.self, options: quick,
    refusing: [
      "classes": ["2", "100001"], "steps": ["0", "100001"], "batches": ["0", "10001"],
      "batch": ["0", "4097"], "learning-rate": ["0", "11", "-1"], "cost": ["0", "1001", "-1"],
      "factor": ["1", "101"], "patience": ["0", "1001"], "success": ["0", "1.1"],
      "threshold": ["0", "-1"],
    ])

  @Test("A rule of plugins", arguments: checks.rules)
  func rule(_ rule: PluginRule) throws { try Self.checks.check(rule) }

  private static var quick: NeuralCleanse.Options {
    var options = NeuralCleanse.Options()
    options.steps = 12
    options.batches = 2
    options.patience = 2
    return options
  }

  private func scan(
    _ model: Model, _ clean: CleanData, _ options: NeuralCleanse.Options = .init(),
    seed: UInt64 = 0, threads: Int? = nil
  ) throws -> ModelVerdict {
    try NeuralCleanse(options: options).scan(
      model, using: clean,
      in: RunContext(execution: ExecutionOptions(threads: threads), seed: seed))
  }

  @Test("A planted patch is found and shown; without it nothing is", arguments: [1, 3])
  func planted(channels: Int) throws {
    let network = PlantedNetwork(shape: [12, 12, channels])
    let clean = try network.clean()
    let suspect = try scan(try network.model(target: 2), clean)
    #expect(suspect.isBackdoored && suspect.targets == [2], "\(suspect)")
    let trigger = try #require(suspect.triggers.first)
    #expect(trigger.goal.target == 2 && trigger.attack == "neural-cleanse")
    guard case .overlay(_, let alpha) = trigger.change else {
      Issue.record("no overlay")
      return
    }
    let patch = Set(network.elementsOfPatch.map { $0 / channels })
    let inside = alpha.indices.reduce(0) { $0 + (patch.contains($1) ? alpha[$1] : 0) }
    #expect(inside > 0.8 * alpha.reduce(0, +), "\(inside) of \(alpha.reduce(0, +))")
    let test = network.images(50, seed: 4)
    let (triggered, _) = try trigger.testSet(from: test)
    let found = try Executor([try network.model(target: 2)]).predictions(for: triggered.dataSet())
    #expect(found[0].count { $0.isClass(2) } >= triggered.count * 9 / 10)
    let honest = try scan(try network.model(target: nil), clean)
    #expect(!honest.isBackdoored && honest.targets.isEmpty && honest.triggers.isEmpty, "\(honest)")
  }

  @Test("Any number of threads and any order of images give the same verdict")
  func determinism() throws {
    let network = PlantedNetwork()
    let (model, images) = (try network.model(target: 1), network.images(60))
    let one = try scan(model, try CleanData(images.dataSet()), Self.quick, threads: 1)
    for threads in [2, 7, 16] {
      let other = try scan(model, try CleanData(images.dataSet()), Self.quick, threads: threads)
      #expect(other == one, "\(threads) threads")
    }
    var numbers = SeededGenerator(seed: 3)
    let order = numbers.permutation(60)
    let shuffled = LabelledImages(
      imageShape: network.shape, bytes: order.flatMap { images[$0] },
      labels: order.map { images.labels[$0] }, name: images.name)
    #expect(try scan(model, try CleanData(shuffled.dataSet()), Self.quick) == one)
  }

  @Test("Another seed makes another search and finds the same class", arguments: [1, 2, 3])
  func seeds(seed: UInt64) throws {
    let network = PlantedNetwork()
    let (model, clean) = (try network.model(target: 1), try network.clean())
    let verdict = try scan(model, clean, seed: seed)
    #expect(verdict.targets == [1], "\(verdict)")
    #expect(try scan(model, clean).classScores != verdict.classScores)
  }

  @Test("Labels do not count, and permuted classes have permuted scores")
  func permutedClasses() throws {
    let order = [3, 0, 4, 1, 2]
    let (network, other) = (PlantedNetwork(), PlantedNetwork(order: order))
    let clean = try network.clean()
    let first = try scan(try network.model(target: 2), clean)
    let target = try #require(order.firstIndex(of: 2))
    let unlabelled = try CleanData(
      clean.source, labels: Array(repeating: 0, count: clean.count))
    let second = try scan(try other.model(target: target), unlabelled)
    #expect(first.targets == [2] && second.targets == [target])
    for (c, pattern) in order.enumerated() {
      let (a, b) = (second.classScores[c], first.classScores[pattern])
      #expect(abs(a - b) < 0.01 * max(1, b), "\(a) for class \(c), \(b) for class \(pattern)")
    }
  }

  @Test("Of 300 classes a census keeps the planted one, and the verdict says what was searched")
  func manyClasses() throws {
    let network = PlantedNetwork(classes: 300)
    let clean = try network.clean(300)
    var options = NeuralCleanse.Options()
    options.classes = 6
    let statistics = RunStatistics()
    let verdict = try NeuralCleanse(options: options).scan(
      try network.model(target: 217), using: clean, in: RunContext(statistics: statistics))
    #expect(verdict.targets == [217], "\(verdict.targets)")
    #expect(verdict.classScores.count == 300)
    #expect(verdict.classScores.count { $0 > 0 } <= 6)
    #expect(
      verdict.notes.contains { $0.hasPrefix("triggers were searched for 6 of 300 classes") },
      "\(verdict.notes)")
    #expect(statistics.phases.map(\.title) == ["census", "triggers"])
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
    let trigger = try #require(verdict.triggers.first)
    guard case .overlay(let pattern, _) = trigger.change else {
      Issue.record("no overlay")
      return
    }
    let patch = network.elementsOfPatch.map { pattern[$0] }
    #expect(patch.reduce(0, +) / Float(patch.count) > 200, "\(patch)")
  }

  @Test("The success that a trigger needs can be a part of the images")
  func success() throws {
    let network = PlantedNetwork()
    var options = Self.quick
    options.steps = 1
    // One step does not lead all images to any class: all masks count as the whole image.
    options.batches = 1
    options.success = 1
    let verdict = try scan(try network.model(target: 2), try network.clean(), options)
    #expect(verdict.statistic == 0 && verdict.targets.isEmpty, "\(verdict)")
    #expect(
      verdict.notes.first
        == "no trigger was found for 5 of 5 classes; their masks count as the whole image")
    #expect(verdict.notes.last?.hasSuffix("median 144.0 of 144") == true, "\(verdict.notes)")
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
    let few = message { try scan(model, try network.clean(31)) }
    #expect(
      few == "neural-cleanse has no verdict, as it needs 32 clean images at least, and patterns "
        + "has 31; give more", "\(few)")
    let two = PlantedNetwork(classes: 2)
    let pair = message { try scan(try two.model(target: 0), try two.clean()) }
    #expect(
      pair == "neural-cleanse has no verdict, as it compares each class with the median, which "
        + "takes at least 3 classes, and planted has 2", "\(pair)")
    let images = network.images(40)
    let negative = ArraySource(images.bytes.map { Float($0) - 128 }, imageShape: network.shape)
    let range = message { try scan(model, try CleanData(negative, labels: images.labels)) }
    #expect(range.contains("values of 0...255"), "\(range)")
    // A network that gives all images class 1: class 1 is left out, the others are searched.
    let same = LabelledImages(
      imageShape: network.shape, bytes: (0..<40).flatMap { _ in images[1] },
      labels: Array(repeating: images.labels[1], count: 40), name: "same")
    let verdict = try scan(model, try CleanData(same.dataSet()), Self.quick)
    #expect(verdict.classScores[1] == 0)
    #expect(verdict.notes.contains { $0.contains("searched for 4 of 5 classes") })
    // With three classes, two are left.
    let three = PlantedNetwork(classes: 3)
    let one = LabelledImages(
      imageShape: three.shape, bytes: (0..<40).flatMap { _ in three.images(1)[0] },
      labels: Array(repeating: 0, count: 40), name: "same")
    let left = message { try scan(try three.model(target: 2), try CleanData(one.dataSet())) }
    #expect(left.contains("needs 16 images of other classes for each of at least 3"), "\(left)")
  }
}
