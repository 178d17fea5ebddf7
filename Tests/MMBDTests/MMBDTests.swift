import DefenseKit
import DefenseKitTesting
import ReferenceInference
import Testing

@testable import MMBD

@Suite("MMBD")
struct MMBDTests {
  static let checks = Result {
    PluginChecks(
      MMBD.self, options: quick,
      refusing: [
        "starts": ["0", "1001"], "steps": ["0", "100001"], "learning-rate": ["0", "-1", "1.5"],
        "null": ["normal"], "significance": ["0", "1", "-0.1"],
        "range": ["1,0", "0", "0,1,2", "0,1e7", "1,1"],
      ], on: try ToyProblem(classCount: 6))
  }

  @Test("A rule of plugins", arguments: PluginRule.allCases)
  func rule(_ rule: PluginRule) throws {
    let checks = try Self.checks.get()
    if checks.rules.contains(rule) { try checks.check(rule) }
  }

  private static var quick: MMBD.Options {
    var options = MMBD.Options()
    (options.starts, options.steps) = (2, 10)
    return options
  }

  private func scan(
    _ model: Model, _ options: MMBD.Options = .init(), seed: UInt64 = 0, threads: Int? = nil
  ) throws -> ModelVerdict {
    try MMBD(options: options).scan(
      model, using: nil,
      in: RunContext(execution: ExecutionOptions(threads: threads), seed: seed))
  }

  @Test(
    "A planted patch makes its class stand out; without it none does", arguments: [1, 3],
    [UInt64(0), 1])
  func planted(channels: Int, seed: UInt64) throws {
    let network = PlantedNetwork(shape: [12, 12, channels])
    let suspect = try scan(try network.model(target: 2), seed: seed)
    #expect(suspect.targets == [2] && suspect.isBackdoored, "\(suspect)")
    #expect(suspect.classScores.count == 8 && suspect.topClass == 2)
    let honest = try scan(try network.model(target: nil), seed: seed)
    #expect(!honest.isBackdoored && honest.targets.isEmpty, "\(honest)")
  }

  /// Random networks of one convolution and two dense layers with smooth activations.
  private func network(
    _ numbers: inout SeededGenerator, classes: Int, scale: Float = 1
  ) throws -> Model {
    var net = try NetworkBuilder([
      3 + numbers.below(3), 3 + numbers.below(3), 1 + numbers.below(3),
    ])
    net.random = SplitMix64(seed: numbers.next())
    try net.conv("conv", 1 + numbers.below(4), activation: .tanh)
    try net.add("flat", .flatten)
    try net.dense("hidden", 3 + numbers.below(6), activation: .softplus)
    try net.dense("scores", classes)
    return Model(graph: net.graph, preprocessing: Preprocessing(scale: scale))
  }

  @Test(
    "The margins after any number of steps are those of the slow search",
    arguments: 0..<12 as Range<UInt64>)
  func reference(_ seed: UInt64) throws {
    var numbers = SeededGenerator(seed: seed)
    let classes = 2 + numbers.below(5)
    let range: ClosedRange<Float> = [0...1, -1...1, 0...255, -3...0.5][numbers.below(4)]
    let scale: Float = range.upperBound == 255 ? 1 / 255 : 1
    let model = try network(&numbers, classes: classes, scale: scale)
    let (starts, rate) = (1 + numbers.below(3), [0.01, 0.05, 0.3][numbers.below(3)])
    let reference = ReferenceSearch(
      model, range: Double(range.lowerBound)...Double(range.upperBound), rate: rate)
    let longest = 7
    var traces: [[[Double]]] = []
    for steps in 1...longest {
      let search = MarginSearch(range: range, starts: starts, steps: steps, learningRate: rate)
      let context = RunContext(seed: seed)
      let found = try search.margins(of: model, in: context)
      if traces.isEmpty {
        let noise = search.noise(of: model.graph.inputShape.reduce(1, *), seed: seed)
        traces = (0..<classes).map { c in
          noise.map {
            reference.trace(of: c, from: $0.map { Double($0) }, steps: longest)
          }
        }
      }
      #expect(found.count == classes && found.allSatisfy { $0.count == starts })
      for c in 0..<classes {
        for start in 0..<starts {
          let expected = traces[c][start][...steps].max()!
          #expect(
            abs(Double(found[c][start]) - expected) < 1e-4 * max(1, abs(expected)),
            "seed \(seed), \(steps) steps, class \(c): \(found[c][start]), not \(expected)")
        }
      }
    }
    // The search does ascend.
    #expect(traces.joined().allSatisfy { $0[longest] > $0[0] })
  }

  @Test("A linear network's margin is that of the best corner, worked by hand")
  func linear() throws {
    // Weights of classes 0 and 1: (3, -1), (1, 1). Margin of class 0: 2a - 2b, at (1, 0) 2; of
    // class 1: at (0, 1) 2. With values of 0...4, four times as much.
    var graph = try Graph(inputShape: [1, 2, 1])
    try graph.append("flat", .flatten, inputs: [0])
    try graph.append(
      "scores", .dense(Dense(kernel: Tensor(shape: [2, 2], values: [3, 1, -1, 1]))), inputs: [1],
      activation: .softmax)
    for (high, margin) in [(Float(1), Float(2)), (4, 8)] {
      let search = MarginSearch(range: 0...high, starts: 3, steps: 40, learningRate: 0.05)
      let found = try search.margins(of: Model(graph: graph), in: RunContext())
      #expect(found == Array(repeating: Array(repeating: margin, count: 3), count: 2))
    }
  }

  @Test("Margins and their derivatives, worked by hand")
  func margins() throws {
    let margins = try Margins(of: [1, 4, 2, 7, 7, 5, 0, 0, 0], [2, 0, 1])
    #expect(margins.values == [-2, 0, 0])
    #expect(margins.descent == [0, 1, -1, -1, 1, 0, 1, -1, 0])
    #expect(margins.sum == -2)
    #expect(throws: PluginError.self) { try Margins(of: [1, .infinity], [0]) }
    #expect(throws: PluginError.self) { try Margins(of: [.nan, 1], [0]) }
  }

  @Test("Permuted classes have permuted scores", arguments: [UInt64(0), 1, 2, 3])
  func permutedClasses(_ seed: UInt64) throws {
    var numbers = SeededGenerator(seed: seed)
    let classes = 5 + numbers.below(20)
    let order = numbers.permutation(classes)
    let network = PlantedNetwork(classes: classes)
    let other = PlantedNetwork(classes: classes, order: order)
    let first = try scan(try network.model(target: order[1]), Self.quick)
    let second = try scan(try other.model(target: 1), Self.quick)
    #expect(
      order.indices.allSatisfy {
        abs(second.classScores[$0] - first.classScores[order[$0]]) < 1e-3
      }, "seed \(seed): \(first.classScores), \(second.classScores)")
  }

  @Test("Any number of threads gives the same bits; another seed other ones")
  func threads() throws {
    let model = try PlantedNetwork(shape: [12, 12, 3], classes: 30).model(target: 1)
    let one = try scan(model, Self.quick, threads: 1)
    #expect(try scan(model, Self.quick, threads: 2) == one)
    #expect(try scan(model, Self.quick, threads: 5) == one)
    #expect(try scan(model, Self.quick, seed: 1).classScores != one.classScores)
  }

  /// 128 images at most are searched at once.
  @Test("A batch's size does not change an image's way", arguments: [2, 5, 13, 64])
  func batches(_ starts: Int) throws {
    let model = try PlantedNetwork(classes: 7).model(target: 1)
    func margins(_ starts: Int) throws -> [[Float]] {
      try MarginSearch(range: 0...255, starts: starts, steps: 8, learningRate: 0.05)
        .margins(of: model, in: RunContext())
    }
    let (all, one) = (try margins(starts), try margins(1))
    #expect(all.map(\.count) == Array(repeating: starts, count: 7))
    for c in 0..<7 { #expect(abs(all[c][0] - one[c][0]) < 1e-3) }
  }

  @Test("The unit of the logits changes no verdict, and the unit of the images none")
  func units() throws {
    let network = PlantedNetwork()
    let model = try network.model(target: 3)
    let first = try scan(model)
    let large = try scan(try network.model(target: 3, logitScale: 1000))
    #expect(abs(large.statistic - first.statistic) < 0.01 * first.statistic)
    #expect(abs(large.classScores[3] / first.classScores[3] - 1000) < 1)
    var unit = model
    unit.preprocessing.scale = 1
    var options = MMBD.Options()
    options.range = [0, 1]
    let same = try scan(unit, options)
    #expect(abs(same.statistic - first.statistic) < 0.01 * first.statistic)
  }

  @Test("The range of the images: given, of the clean images, or assumed")
  func ranges() throws {
    let network = PlantedNetwork()
    let model = try network.model(target: 0)
    var options = Self.quick
    let assumed = try scan(model, options)
    #expect(assumed.notes.count == 1 && assumed.notes[0].contains("0...255"))
    options.range = [0, 255]
    let given = try scan(model, options)
    #expect(given.classScores == assumed.classScores && given.notes.isEmpty)
    options.range = [-50, 300]
    #expect(try scan(model, options).classScores != assumed.classScores)
    options.range = nil
    let seen = try MMBD(options: options).scan(
      model, using: try network.clean(), in: RunContext())
    #expect(seen.classScores == assumed.classScores && seen.notes.isEmpty)
  }

  @Test("What cannot be judged is refused with the reason")
  func refusals() throws {
    func message(_ work: () throws -> Void) -> String {
      do { try work() } catch { return "\(error)" }
      return "none"
    }
    for classes in [2, 4] {
      let network = PlantedNetwork(classes: classes)
      let found = message { _ = try scan(try network.model(target: 0)) }
      #expect(found.contains("takes at least 5 classes, but planted has \(classes)"), "\(found)")
    }
    #expect(try scan(try PlantedNetwork(classes: 5).model(target: 0), Self.quick).isBackdoored)
    let network = PlantedNetwork()
    let huge = message { _ = try scan(try network.model(target: 0, logitScale: 1e38)) }
    #expect(huge.contains("scores are NaN or infinite"), "\(huge)")
    // An image, not a score for each class.
    var graph = try Graph(inputShape: [4, 4, 1])
    try graph.append(
      "conv", .convolution(Convolution(kernel: Tensor(shape: [3, 3, 1, 2], repeating: 1))),
      inputs: [0])
    let image = message { _ = try scan(Model(graph: graph)) }
    #expect(image.contains("is not one score for each class"), "\(image)")
  }
}
