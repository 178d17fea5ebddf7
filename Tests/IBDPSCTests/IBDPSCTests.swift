import DefenseKit
import DefenseKitTesting
import Foundation
import Testing

@testable import IBDPSC

@Suite("IBD-PSC")
struct IBDPSCTests {
  static let checks = PluginChecks(
    IBDPSC.self,
    refusing: [
      "factor": ["1", "101", "nan"], "copies": ["0", "101"], "error": ["-0.1", "1"],
      "alarms": ["-0.1", "1", "few"], "threshold": ["normal"],
    ])

  @Test("A rule of plugins", arguments: checks.rules)
  func rule(_ rule: PluginRule) throws { try Self.checks.check(rule) }

  // MARK: By hand

  /// h = 1 * x + 0.5, logits (h, 1).
  private func byHand() throws -> Model {
    var graph = try Graph(inputShape: [1, 1, 1])
    let (zero, one) = (Tensor(shape: [1], repeating: 0), Tensor(shape: [1], repeating: 1))
    try graph.append(
      "norm",
      .batchNormalization(
        BatchNormalization(
          gamma: one, beta: Tensor(shape: [1], repeating: 0.5), mean: zero, variance: one,
          epsilon: 0)), inputs: [0])
    try graph.append("flatten", .flatten, inputs: [1])
    try graph.append(
      "output",
      .dense(
        Dense(
          kernel: Tensor(shape: [1, 2], values: [1, 0]), bias: Tensor(shape: [2], values: [0, 1]))),
      inputs: [2], activation: .softmax)
    return Model(graph: graph, name: "by hand")
  }

  private func clean(_ values: [Float], _ labels: [Int32]) throws -> CleanData {
    try CleanData(ArraySource(values, imageShape: [1, 1, 1]), labels: labels, name: "clean.h5")
  }

  @Test(
    "Probabilities worked out by hand",
    arguments: [(1.5, [0.4875, 0.9399]), (3, [0.2497, 0.9985])] as [(Double, [Double])])
  func probabilities(_ factor: Double, _ expected: [Double]) throws {
    let model = try byHand()
    let copy = try IBDPSC(options: .init(factor: factor)).copy(of: model, amplifyingLast: 1)
    let detections = try AmplifiedConsistency(models: [model, copy]).detections(
      for: clean([0.2, 2], [1, 0]), at: [0, 1], in: RunContext())
    #expect(detections.map(\.prediction) == [.class(1), .class(0)])
    for (detection, value) in zip(detections, expected) {
      #expect(abs(Double(detection.score) - value) < 1e-4)
    }
  }

  @Test("The first copy is the first whose error on clean images is over the limit")
  func firstCopy() throws {
    func first(_ model: Model, _ data: CleanData, _ options: IBDPSC.Options = .init()) throws
      -> (Int, [String])
    {
      let context = RunContext()
      let number = try IBDPSC(options: options).first(
        for: model, on: data, at: Array(0..<data.count), in: context)
      return (number, context.statistics.warnings)
    }
    // 1.5 * (0.2 + 0.5) is over 1: all are wrong.
    let wrong = try first(byHand(), clean([0.2, 0.21, 0.22], [1, 1, 1]))
    #expect(wrong.0 == 1 && wrong.1.isEmpty)
    // Always right: no copy is wrong.
    let right = try first(byHand(), clean([2, 2, 3], [0, 0, 0]))
    #expect(right.0 == 1)
    #expect(
      right.1 == [
        "ibd-psc: no number of amplified normalizations takes the error on clean images over "
          + "ibd-psc.error=0.6; the copies begin with 1 of 1, whose error is the largest, 0; raise "
          + "ibd-psc.factor or lower ibd-psc.error"
      ])
    // Logits (r, 1) behind three normalizations that double: 0.1 is 0.8. Amplified by 1.05, one
    // gives 0.84, two 0.882, three 0.926; by 1.1: 0.88, 0.968, 1.065, which is class 0.
    let deep = try chain([2, 2, 2])
    let data = try clean([0.1, 0.1], [1, 1])
    #expect(try first(deep, data, .init(factor: 1.1)) == (3, []))
    #expect(try first(deep, data, .init(factor: 1.12)) == (2, []))
    #expect(try first(deep, data, .init(factor: 1.3, copies: 2)) == (1, []))
    #expect(try first(deep, data, .init(factor: 1.05)).1.count == 1)
  }

  /// Normalizations in a row with these gammas, then logits (h, 1).
  private func chain(_ gammas: [Float]) throws -> Model {
    var graph = try Graph(inputShape: [1, 1, 1])
    for (number, gamma) in gammas.enumerated() {
      try graph.append(
        "norm_\(number)",
        .batchNormalization(
          BatchNormalization(
            gamma: Tensor(shape: [1], repeating: gamma), beta: nil,
            mean: Tensor(shape: [1], repeating: 0), variance: Tensor(shape: [1], repeating: 1),
            epsilon: 0)), inputs: [number])
    }
    try graph.append("flatten", .flatten, inputs: [gammas.count])
    try graph.append(
      "output",
      .dense(
        Dense(
          kernel: Tensor(shape: [1, 2], values: [1, 0]), bias: Tensor(shape: [2], values: [0, 1]))),
      inputs: [gammas.count + 1], activation: .softmax)
    return Model(graph: graph)
  }

  @Test("Normalizations follow the flow of data, not the file; only gamma and beta change")
  func order() throws {
    var graph = try Graph(inputShape: [2, 2, 1])
    func norm(_ gamma: Float?) -> Graph.Operation {
      .batchNormalization(
        BatchNormalization(
          gamma: gamma.map { Tensor(shape: [1], repeating: $0) },
          beta: gamma.map { Tensor(shape: [1], repeating: -$0) },
          mean: Tensor(shape: [1], repeating: 3), variance: Tensor(shape: [1], repeating: 4)))
    }
    try graph.append("main_1", norm(2), inputs: [0])
    try graph.append("relu", .activation, inputs: [1], activation: .relu)
    try graph.append("main_2", norm(nil), inputs: [2])
    // Listed last, but nearer to the input than main_2.
    try graph.append("shortcut", norm(5), inputs: [0])
    try graph.append("sum", .add, inputs: [3, 4])
    try graph.append("flatten", .flatten, inputs: [5])
    #expect(graph.normalizationsByDepth() == ["main_1", "shortcut", "main_2"])
    let changed = try graph.amplifying(["shortcut", "main_2"], by: 1.5)
    let (shortcut, last) = (
      try changed.batchNormalization("shortcut"), try changed.batchNormalization("main_2")
    )
    #expect(shortcut.gamma?.values == [7.5] && shortcut.beta?.values == [-7.5])
    #expect(shortcut.mean.values == [3] && shortcut.variance.values == [4])
    #expect(last.gamma?.values == [1.5] && last.beta == nil)
    #expect(try changed.batchNormalization("main_1") == graph.batchNormalization("main_1"))
  }

  // MARK: On networks

  @Test("Equal to a plain loop in Double")
  func slow() throws {
    let problem = try ToyProblem.standard()
    let model = problem.normalized.model
    let names = model.graph.normalizations
    #expect(names.count == 2)
    let detector = try IBDPSC(options: .init(factor: 2, error: 0))
    let fitted = try detector.fitted(
      to: model, repaired: nil, using: problem.clean, in: RunContext())
    let first = 3 - (fitted.models.count - 1)
    let source = problem.triggeredImages.dataSet()
    let scores = try detector.detections(
      on: source, suspect: model, repaired: nil, using: problem.clean,
      in: RunContext())
    // Copies made by hand, each run alone, logits to probabilities in Double.
    let copies = try (first...2).map { count in
      var copy = model
      for name in names.suffix(count) {
        var layer = try model.graph.batchNormalization(name)
        layer.gamma = Tensor(
          shape: layer.mean.shape, values: layer.gamma!.values.map { $0 * 2 })
        layer.beta = Tensor(shape: layer.mean.shape, values: layer.beta!.values.map { $0 * 2 })
        copy.graph = try copy.graph.replacing(name, with: .batchNormalization(layer))
      }
      return copy
    }
    let classes = try Executor([model]).predictions(for: source)[0]
    var sums = [Double](repeating: 0, count: source.count)
    for copy in copies {
      let graph = copy.graph
      let output = graph.nodes[graph.output]
      guard case .dense(let layer) = output.operation else { throw PluginError(.badOption, "toy") }
      let features = try Executor(
        [copy], observing: [(0, graph.nodes[output.inputs[0]].name)]
      ).observations(of: source)[0]
      let size = features.count / source.count
      for image in 0..<source.count {
        let logits = (0..<4).map { c in
          (0..<size).reduce(Double(layer.bias?.values[c] ?? 0)) {
            $0 + Double(features[image * size + $1]) * Double(layer.kernel.values[$1 * 4 + c])
          }
        }
        guard case .class(let number) = classes[image] else { continue }
        let top = logits.max() ?? 0
        sums[image] +=
          exp(logits[number] - top) / logits.reduce(0) { $0 + exp($1 - top) }
      }
    }
    for (detection, sum) in zip(scores, sums) {
      #expect(abs(Double(detection.score) - sum / Double(copies.count)) < 1e-4)
    }
    #expect(Set(scores.map(\.score)).count > 10)
  }

  /// Three convolutions with normalization, then a dense layer.
  private func network() throws -> Model {
    var random = SeededGenerator(seed: 3)
    func tensor(_ shape: [Int], _ limit: Double) -> Tensor {
      Tensor(
        shape: shape,
        values: (0..<shape.reduce(1, *)).map { _ in Float(limit * (2 * random.unit() - 1)) })
    }
    var graph = try Graph(inputShape: [6, 6, 1])
    var channels = 1
    for number in 1...3 {
      let last = graph.nodes.count - 1
      try graph.append(
        "conv_\(number)",
        .convolution(Convolution(kernel: tensor([3, 3, channels, 4], 0.7), padding: .same)),
        inputs: [last])
      try graph.append(
        "norm_\(number)",
        .batchNormalization(
          BatchNormalization(
            gamma: Tensor(shape: [4], repeating: 1), beta: tensor([4], 0.5),
            mean: tensor([4], 0.2), variance: Tensor(shape: [4], repeating: 1))),
        inputs: [last + 1], activation: .relu)
      channels = 4
    }
    try graph.append("flatten", .flatten, inputs: [6])
    try graph.append("output", .dense(Dense(kernel: tensor([144, 3], 0.3))), inputs: [7])
    return Model(graph: graph)
  }

  @Test("Copies share everything in front of their first amplified normalization")
  func sharing() throws {
    let model = try network()
    var random = SeededGenerator(seed: 5)
    let images = ArraySource(
      (0..<36 * 50).map { _ in Float(random.unit()) }, imageShape: [6, 6, 1])
    let labels = try Executor([model]).predictions(for: images)[0].map { prediction -> Int32 in
      if case .class(let number) = prediction { Int32(number) } else { 0 }
    }
    let data = try CleanData(images, labels: labels)
    // No error is over 0.99: one pass over three copies in groups of 3, then the detector's.
    let context = RunContext()
    let detector = try IBDPSC(options: .init(factor: 1.01, copies: 3, error: 0.99))
    let fitted = try detector.fitted(to: model, repaired: nil, using: data, in: context)
    // Errors of nearly nothing: the first of the largest; the number of copies follows.
    let copies = fitted.models.count - 1
    let (first, second) = (9.0 * 4 * 36, 9.0 * 16 * 36)
    let output = 144.0 * 3
    let full = first + 2 * second + output
    // The last normalization: only the dense layer anew; the last two: a convolution too; ...
    let suffix = [output, second + output, 2 * second + output]
    let amplified = suffix.suffix(copies).reduce(0, +)
    #expect(copies >= 1)
    // The search runs the three copies without the suspect: the first in full, the others from
    // their first amplified normalization on.
    let search = full + suffix[1] + suffix[2]
    #expect(
      abs(context.statistics.imagesRun - 50 * (search + full + amplified) / full) < 1e-6)
    #expect(context.statistics.imagesAlone == Double(50 * (3 + 1 + copies)))
    // Unshared, the results have the same bits.
    var execution = ExecutionOptions()
    execution.sharing = false
    let positions = Array(0..<50)
    #expect(
      try fitted.detections(for: data, at: positions, in: RunContext())
        == fitted.detections(for: data, at: positions, in: RunContext(execution: execution)))
  }

  @Test("Images that a large feature decides keep their class, where amplifying changes others")
  func trial() throws {
    var random = SeededGenerator(seed: 8)
    func images(_ count: Int, trigger: Float) -> [Float] {
      (0..<count).map { _ in Float(0.17 + 0.23 * random.unit()) + trigger }
    }
    func labels(_ count: Int) -> [Int32] { Array(repeating: 1, count: count) }
    let context = RunContext()
    let evaluation = try Experiment(
      suspect: byHand(), clean: clean(images(100, trigger: 0), labels(100)),
      test: CleanData(
        ArraySource(images(60, trigger: 0), imageShape: [1, 1, 1]), labels: labels(60)),
      poisoned: PoisonedData(
        ArraySource(images(50, trigger: 2), imageShape: [1, 1, 1]),
        targets: Array(repeating: 0, count: 50), trueLabels: labels(50))
    ).run([], [IBDPSC()], in: context)
    #expect(evaluation.suspect.test?.correct == 60)
    #expect(evaluation.suspect.poisoned?.counted.hits == 50)
    let result = try #require(evaluation.suspectDetectors.first)
    #expect(result.auroc == 1 && context.statistics.warnings.isEmpty)
    #expect(result.result.poisoned?.counted.flagged == 50)
    #expect((result.result.test?.flaggedShare ?? 1) < 0.15)
  }

  @Test("Where amplifying hardly changes clean images it says so and goes on")
  func easyClasses() throws {
    // The classes of the toy problem are so far apart that no copy errs on 60 % of the images.
    let problem = try ToyProblem.standard()
    let context = RunContext()
    let result = try Experiment(
      suspect: problem.normalized.model, clean: problem.clean, test: problem.test,
      poisoned: problem.poisoned
    ).run([], [IBDPSC()], in: context).suspectDetectors[0]
    #expect(result.auroc != nil && result.scores.test.allSatisfy { (0...1).contains($0) })
    #expect(
      context.statistics.warnings.contains {
        $0.hasPrefix(
          "ibd-psc: no number of amplified normalizations takes the error on clean images over "
            + "ibd-psc.error=0.6; ")
      })
  }

  @Test("Without normalization, labels or a class it is refused in a line")
  func refusals() throws {
    let problem = try ToyProblem.standard()
    func message(_ model: Model, _ data: CleanData?) -> String? {
      do {
        _ = try IBDPSC().predictions(
          for: data?.source ?? problem.clean.source, suspect: model, repaired: nil, using: data,
          in: RunContext())
        return nil
      } catch { return "\(error)" }
    }
    #expect(
      message(problem.plain.model, problem.clean)
        == "ibd-psc needs batch normalization, which this network lacks")
    #expect(
      message(problem.normalized.model, nil) == "ibd-psc learns from clean images; give some")
    let unlabelled = try CleanData(
      problem.clean.source, labels: problem.clean.labels, isLabelled: false)
    #expect(
      message(problem.normalized.model, unlabelled)
        == "ibd-psc needs the labels of the clean images, and these have none; give labelled ones")
    let error = #expect(throws: PluginError.self) {
      try IBDPSC().fitted(
        to: problem.plain.model, repaired: nil, using: problem.clean, in: RunContext())
    }
    #expect(error?.description == "ibd-psc needs batch normalization, which this network lacks")
  }
}
