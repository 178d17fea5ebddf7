import DefenseKit
import DefenseKitTesting
import Foundation
import Testing

@testable import MMBM

@Suite("MM-BM")
struct MMBMTests {
  private static func quick(_ change: (inout MMBM.Options) -> Void = { _ in }) -> MMBM.Options {
    var options = MMBM.Options()
    (options.epochs, options.batch) = (4, 32)
    change(&options)
    return options
  }

  static let checks = PluginChecks(
    MMBM.self, options: quick(),
    refusing: [
      "epochs": ["0", "10001"], "batch": ["0", "65537"], "learning-rate": ["0", "101"],
      "start": ["0", "1001"], "unit": ["0", "-1"], "weight": ["0", "1001"], "keep": ["0", "1.1"],
      "per-class": ["0"], "held-out": ["0", "1"],
    ])

  @Test("A rule of plugins", arguments: checks.rules)
  func rule(_ rule: PluginRule) throws { try Self.checks.check(rule) }

  // MARK: Bounds

  /// Two features in a 1x1 image, doubled by a convolution, then read as logits.
  private func twoFeatures() throws -> Model {
    var graph = try Graph(inputShape: [1, 1, 2])
    try graph.append(
      "conv",
      .convolution(Convolution(kernel: Tensor(shape: [1, 1, 2, 2], values: [2, 0, 0, 2]))),
      inputs: [0], activation: .relu)
    try graph.append("flatten", .flatten, inputs: [1])
    try graph.append(
      "output", .dense(Dense(kernel: Tensor(shape: [2, 2], values: [1, 0, 0, 1]))), inputs: [2],
      activation: .softmax)
    return Model(graph: graph, name: "two")
  }

  /// h = (3, 1) with bounds (2, 2) gives (2 - relu(-1), 2 - relu(1)) = (2, 1); h = (0, 2) stays.
  @Test("min(h, w) = w - relu(w - h), worked out by hand", arguments: [false, true])
  func byHand(_ isTrained: Bool) throws {
    let network = try BoundedNetwork(
      twoFeatures(), layers: ["conv"], bounds: [[2, 2]], isTrained: isTrained)
    #expect(network.gaps == ["conv_below_bound"] && network.minima == ["conv_bounded"])
    let backpropagation = try Backpropagation(network.model, batchSize: 2, isTraining: false)
    try backpropagation.evaluate([1.5, 0.5, 0, 1])
    #expect(backpropagation.outputs == [2, 1, 0, 2])
  }

  @Test("A name that the network has already is not taken again")
  func names() throws {
    var graph = try Graph(inputShape: [1, 1, 2])
    try graph.append("a", .activation, inputs: [0], activation: .relu)
    try graph.append("a_bounded", .activation, inputs: [1], activation: .relu)
    try graph.append("output", .flatten, inputs: [2], activation: .softmax)
    let network = try BoundedNetwork(
      Model(graph: graph), layers: ["a", "a_bounded"], bounds: [[1, 1], [1, 1]])
    #expect(network.minima == ["a_bounded_", "a_bounded_bounded"])
    #expect(network.model.graph.nodes.count == 8 && network.model.graph.outputShape == [2])
  }

  /// z = 2 x clipped at w, and the loss of a step is the mean of squares of the logits' differences
  /// plus c * |u|: a plain loop with Adam in double precision.
  @Test("The first three steps against the published loss", arguments: [0.5, 1.25])
  func threeSteps(_ unit: Double) throws {
    let options = Self.quick { ($0.start, $0.weight, $0.learningRate) = (2, 0.3, 0.2) }
    var learner = try BoundLearner(
      twoFeatures(), layers: ["conv"], units: [Float(unit)], batchSize: 3, options,
      ExecutionOptions())
    let images: [Float] = [1.5, 0.5, 2, 1.75, 0.125, 0.25]
    let logits = images.map { 2 * $0 }
    var (u, means, squares) = ([2.0, 2.0], [0.0, 0.0], [0.0, 0.0])
    for step in 1...3 {
      var (loss, gradient) = (0.0, [0.0, 0.0])
      for (index, h) in logits.map({ Double($0) }).enumerated() {
        let w = unit * u[index % 2]
        let difference = min(h, w) - h
        loss += difference * difference / 6
        if h > w { gradient[index % 2] += unit * 2 * difference / 6 }
      }
      let norm = (u[0] * u[0] + u[1] * u[1]).squareRoot()
      #expect(abs(try learner.step(images, logits: logits) - loss - 0.3 * norm) < 1e-5)
      for c in 0..<2 {
        let g = gradient[c] + 0.3 * u[c] / norm
        means[c] = 0.9 * means[c] + 0.1 * g
        squares[c] = 0.999 * squares[c] + 0.001 * g * g
        let size = (squares[c] / (1 - pow(0.999, Double(step)))).squareRoot() + 1e-8
        u[c] -= 0.2 * means[c] / (1 - pow(0.9, Double(step))) / size
        #expect(abs(Double(learner.values[0][c]) - u[c]) < 1e-5, "step \(step)")
        #expect(abs(Double(learner.bounds[0][c]) - unit * u[c]) < 1e-5)
      }
    }
  }

  @Test("The layers: the first activation, then the last ones of the next image sizes")
  func layers() throws {
    let problem = try ToyProblem.standard()
    #expect(try MMBM().layers(of: problem.plain.model) == ["conv_1", "conv_2", "pool_2"])
    #expect(try MMBM().layers(of: problem.normalized.model) == ["relu_1", "relu_2", "pool_2"])
  }

  // MARK: Repairs

  @Test(
    "It weakens the backdoor of a toy network, changes no weight, and tells its rule",
    arguments: [0, 1])
  func toy(_ number: Int) throws {
    let problem = try ToyProblem.standard()
    let suspect = problem.suspects[number].model
    let experiment = try Experiment(
      suspect: suspect, clean: problem.clean, test: problem.test, poisoned: problem.poisoned)
    let context = RunContext()
    let options = Self.quick { ($0.epochs, $0.batch, $0.keep) = (120, 32, 0.95) }
    let evaluation = try experiment.run([MMBM(options: options)], in: context)
    let repair = try #require(evaluation.repairs.first)
    let before = try #require(evaluation.suspect.poisoned).counted
    let after = try #require(repair.result.poisoned).counted
    #expect(before.hits > before.images * 9 / 10)
    #expect(after.hits < before.hits, "\(after.hits) of \(before.hits)")
    let model = repair.repair.model
    for node in suspect.graph.nodes {
      #expect(model.graph.nodes.first { $0.name == node.name }?.operation == node.operation)
    }
    #expect(model.graph.nodes.count == suspect.graph.nodes.count + 6)
    let warnings = context.statistics.warnings
    #expect(
      warnings.contains {
        $0.hasPrefix("mm-bm bounds ")
          && $0.contains("the tightest that keep 95 % of held-out accuracy (")
      }, "\(warnings)")
    #expect(try #require(repair.repair.clean).accuracy >= 0.9)
  }

  /// Files of Keras and ONNX hold the bounds as layers of their own.
  @Test(
    "The written file alone gives the scored predictions", arguments: [0, 1],
    ["h5", "keras", "onnx"])
  func files(_ number: Int, _ format: String) throws {
    let problem = try ToyProblem.standard()
    let repair = try #require(
      MMBM(options: Self.quick { $0.keep = 0.5 }).repair(
        problem.suspects[number].model, using: problem.clean, in: RunContext()
      ).first)
    let path = FileManager.default.temporaryDirectory.appending(path: "mmbm-\(UUID()).\(format)")
    defer { try? FileManager.default.removeItem(at: path) }
    try ModelFile.save(repair.model, as: format == "onnx" ? .onnx : .keras, to: path.path)
    let again = try ModelFile.load(path.path)
    #expect(again.graph.nodes.count >= repair.model.graph.nodes.count)
    // A file does not hold the scale of the pixels.
    var read = again
    read.preprocessing = repair.model.preprocessing
    let found = try Executor([repair.model, read]).predictions(for: problem.test.source)
    #expect(found[0] == found[1])
  }

  @Test("If no bounds keep enough, the suspect stays, and a warning says so")
  func nothing() throws {
    let problem = try ToyProblem.standard()
    let context = RunContext()
    let options = Self.quick {
      ($0.batch, $0.learningRate, $0.epochs) = (1000, 100, 1)
    }
    let repair = try #require(
      MMBM(options: options).repair(problem.plain.model, using: problem.clean, in: context).first)
    #expect(repair.model.graph.nodes.count == problem.plain.model.graph.nodes.count)
    #expect(
      context.statistics.warnings == [
        "mm-bm bounds nothing and returns the suspect: no epoch keeps 95 % of held-out accuracy; "
          + "lower mm-bm.keep or mm-bm.weight to bound"
      ])
  }

  @Test("What it cannot work on is refused, with what would do")
  func refusals() throws {
    let problem = try ToyProblem.standard()
    func refusal(
      _ model: Model, _ options: MMBM.Options, _ clean: CleanData? = nil
    ) -> String? {
      #expect(throws: PluginError.self) {
        try MMBM(options: options).repair(model, using: clean ?? problem.clean, in: RunContext())
      }?.description
    }
    var graph = try Graph(inputShape: [8, 8, 1])
    try graph.append("flatten", .flatten, inputs: [0])
    try graph.append(
      "output", .dense(Dense(kernel: Tensor(shape: [64, 4], repeating: 0.1))), inputs: [1],
      activation: .softmax)
    #expect(
      refusal(Model(graph: graph, name: "flat"), Self.quick())
        == "mm-bm bounds layers whose values are images, behind an activation, and 'flat' has none; "
        + "name its layers by mm-bm.layers")
    #expect(
      refusal(problem.plain.model, Self.quick { $0.layers = ["output"] })
        == "mm-bm.layers names 'output', which is no inner layer of 'toy_plain'")
    #expect(
      refusal(problem.plain.model, Self.quick { $0.layers = ["conv_1", "conv_1"] })
        == "mm-bm.layers names a layer twice")
    let one = try CleanData(
      Subset(of: problem.clean.source, [0]), labels: [problem.clean.labels[0]], name: "one")
    #expect(
      refusal(problem.plain.model, Self.quick(), one)
        == "mm-bm learns from correctly classified images and chooses its bounds on others, but one "
        + "has 1; give more or check the images' preprocessing")
  }

  @Test("Other layers by name; dense ones too")
  func named() throws {
    let problem = try ToyProblem.standard()
    let repair = try #require(
      MMBM(options: Self.quick { ($0.layers, $0.keep) = (["fc_1"], 0.5) }).repair(
        problem.plain.model, using: problem.clean, in: RunContext()
      ).first)
    #expect(repair.model.graph.index(of: "fc_1_bounded") != nil)
  }
}
