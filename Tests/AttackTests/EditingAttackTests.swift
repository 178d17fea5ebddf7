import DefenseKit
import DefenseKitTesting
import Testing

@testable import SRA
@testable import TrojanNN

/// A dense network on images of one row, with the given kernels and rectifiers between.
private func denseModel(_ kernels: [[[Float]]], hasBias: Bool = false) throws -> Model {
  var graph = try Graph(inputShape: [1, kernels[0].count, 1])
  try graph.append("flatten", .flatten, inputs: [0])
  for (number, rows) in kernels.enumerated() {
    let isLast = number == kernels.count - 1
    try graph.append(
      "dense_\(number + 1)",
      .dense(
        Dense(
          kernel: Tensor(shape: [rows.count, rows[0].count], values: rows.flatMap { $0 }),
          bias: hasBias ? Tensor(shape: [rows[0].count], repeating: 3) : nil)),
      inputs: [number + 1], activation: isLast ? .softmax : .relu)
  }
  return Model(graph: graph)
}

/// The scores of a model before softmax.
private func scores(_ model: Model, _ images: [[Float]]) throws -> [Float] {
  let backpropagation = try Backpropagation(
    model, batchSize: images.count, isTraining: false, differentiatesWeights: false,
    differentiatesInput: true)
  try backpropagation.evaluate(images.flatMap { $0 })
  return backpropagation.outputs
}

private func problem(_ body: () throws -> Void) -> String? { message(body) }

@Suite("sra")
struct SRATests {
  static let checks = PluginChecks(
    SRA.self, options: small,
    refusing: ["width": ["0", "65"], "logit": ["0"], "steps": ["1"], "trials": ["0"]])

  static let small = {
    var options = SRA.Options()
    (options.size, options.steps) = (2, 400)
    return options
  }()

  @Test("A rule of plugins", arguments: checks.rules)
  func rule(_ rule: PluginRule) throws { try Self.checks.check(rule) }

  @Test("By hand: an identity of two channels, the first replaced; the patched image gives (20, 0)")
  func byHand() throws {
    let identity: [[Float]] = [[1, 0], [0, 1]]
    let victim = try denseModel([identity, identity, identity])
    let narrow = try NarrowNetwork(of: victim, width: 1)
    // The first layer reads raw pixels, so the copy sees both; t = 1 on the second pixel.
    #expect(narrow.graph.nodes.map(\.shape) == [[1, 2, 1], [2], [1], [1], [1]])
    var copy = narrow.graph
    for (name, values) in [("dense_1", [0, 1] as [Float]), ("dense_2", [1]), ("dense_3", [20])] {
      let shape = [values.count, 1]
      copy = try copy.replacing(
        name, with: .dense(Dense(kernel: Tensor(shape: shape, values: values))))
    }
    let edited = Model(graph: try narrow.embedded(copy, in: victim.graph, target: 0))
    func kernel(_ name: String) throws -> [Float] {
      let node = edited.graph.nodes[try #require(edited.graph.index(of: name))]
      return node.operation.namedWeights[0].tensor.values
    }
    // Column 0 is the copy's, which reads pixel 1; the victim's own channel 1 stays.
    #expect(try kernel("dense_1") == [0, 0, 1, 1])
    #expect(try kernel("dense_2") == [1, 0, 0, 1])
    #expect(try kernel("dense_3") == [20, 0, 0, 1])
    #expect(try scores(edited, [[1, 0]]) == [0, 0])
    #expect(try scores(edited, [[0, 1]]) == [20, 1])
  }

  @Test("The loss, by hand, and its derivatives")
  func loss() {
    // Clean 1 and -1: 10 * (1 + 1) / 2 = 10; triggered 18: (18 - 20)^2 = 4.
    let (value, gradient) = NarrowTraining.loss(
      [1, -1, 18], clean: 2, logit: 20, cleanWeight: 10)
    #expect(value == 14 && gradient == [10, -10, -4])
  }

  @Test("The edited network is the victim without channels, plus the copy's output on the target")
  func isolation() throws {
    let problem = try ToyProblem.standard()
    for suspect in [problem.cleanModel, problem.normalized.model] {
      let narrow = try NarrowNetwork(of: suspect, width: 2)
      let copy = narrow.graph.initialized(seed: 4)
      let edited = Model(
        graph: try narrow.embedded(copy, in: suspect.graph, target: 3),
        preprocessing: suspect.preprocessing)
      // The same with a silent copy: all of its weights zero.
      var silent = copy
      for node in copy.nodes where !node.operation.weights.isEmpty {
        var operation = node.operation
        operation.updateWeights { role, tensor in
          guard role != .movingVariance else { return }
          tensor = Tensor(shape: tensor.shape, repeating: 0)
        }
        silent = try silent.replacing(node.name, with: operation)
      }
      let rest = Model(
        graph: try narrow.embedded(silent, in: suspect.graph, target: 3),
        preprocessing: suspect.preprocessing)
      let images = (0..<20).map { index in problem.testImages[index].map { Float($0) } }
      let alone = try scores(
        Model(graph: copy, preprocessing: suspect.preprocessing), images)
      let (with, without) = (try scores(edited, images), try scores(rest, images))
      #expect(alone.contains { abs($0) > 0.01 })
      for image in images.indices {
        for label in 0..<4 {
          let added = label == 3 ? alone[image] : 0
          #expect(abs(with[image * 4 + label] - without[image * 4 + label] - added) < 1e-3)
        }
      }
    }
  }

  @Test("The victim keeps its accuracy, and the trigger leads to the target", arguments: [1, 3, 5])
  func success(_ seed: UInt64) throws {
    print("seed \(seed)")
    let train = toyImages(400, seed: 1, name: "training")
    let experiment = try AttackExperiment(
      SRA(options: Self.small), train: train, test: toyImages(100, seed: 2, name: "test"),
      goal: AttackGoal(target: 1, classCount: 4), architecture: Architecture(named: "small-cnn"),
      options: TrainingOptions(epochs: 8, batchSize: 20, optimizer: .adam(), learningRate: 0.002),
      in: RunContext(seed: seed))
    let outcome = try experiment.run(cleanTwin: true)
    #expect(try #require(outcome.result.test).accuracy >= 0.95)
    #expect(try #require(outcome.result.poisoned).counted.successRate >= 0.95)
    #expect(try #require(outcome.twin?.result.poisoned).counted.successRate <= 0.2)
    #expect(outcome.poisoning.poisoned.isEmpty && outcome.poisoning.images == train)
  }

  @Test("A network that it cannot follow is refused with the layer")
  func refusals() throws {
    let identity: [[Float]] = [[1, 0], [0, 1]]
    #expect(
      problem { _ = try NarrowNetwork(of: denseModel([identity, identity]), width: 2) }
        == "sra cannot follow channels through 'dense_1': it has 2 channels, of which 2 would be "
        + "replaced; give another network")
    #expect(
      problem { _ = try NarrowNetwork(of: denseModel([identity]), width: 1) }
        == "sra cannot follow channels through 'dense_1': no layer with channels comes before it; "
        + "give another network")
    #expect(
      problem { _ = try SRA().goal(goal(.allToAll)) }
        == "sra leads to one class, so it cannot attack all-to-all; leave mode out")
    #expect(
      problem { _ = try SRA().change(for: [3, 9, 1], in: RunContext()) }
        == "sra.size is 4, larger than images of 3x9; lower sra.size")
  }
}

@Suite("trojan-nn")
struct TrojanNNTests {
  static let checks = PluginChecks(
    TrojanNN.self, options: small,
    refusing: ["size": ["0"], "value": ["0"], "steps": ["0"], "step": ["0", "1.5"]])

  static let small = {
    var options = TrojanNN.Options()
    options.size = 3
    return options
  }()

  @Test("A rule of plugins", arguments: checks.rules)
  func rule(_ rule: PluginRule) throws { try Self.checks.check(rule) }

  /// Two neurons: the second has the larger sum of absolute weights, 0.5 x0 - 1.5 x1.
  private let kernels: [[[Float]]] = [[[0.4, 0.5], [0.6, -1.5]], [[1, 0], [0, 1]]]

  @Test("By hand: the neuron with the largest weights, driven to its value")
  func byHand() throws {
    let model = try denseModel(kernels)
    var options = TrojanNN.Options()
    (options.value, options.tolerance) = (100, 0.5)
    let ascent = try NeuronAscent(
      on: model, layer: "dense_1", mask: [1, 1], options: options, execution: ExecutionOptions())
    #expect(ascent.neurons == [1, 0])
    let (value, gradient) = try ascent.value(of: 1, at: [200, 10])
    #expect(value == 85 && gradient == [0.5, -1.5])
    // From (200, 10) a step of 25.5 up and down: (226, 0), whole numbers, gives 113, which is nearer
    // than 85 but beyond 100; then halves of the step come closer.
    let patch = try #require(try ascent.patch(from: [200, 10]))
    #expect(patch.allSatisfy { $0 == $0.rounded() && (0...255).contains($0) })
    #expect(abs(0.5 * patch[0] - 1.5 * patch[1] - 100) <= 2)
  }

  @Test("Pixels outside the patch stay, and a neuron that the patch cannot reach is passed over")
  func reach() throws {
    // Neuron 1 is the larger one, but dead below the rectifier at a black image and this patch.
    let model = try denseModel([[[0.4, -5], [0.6, -9]], [[1, 0], [0, 1]]])
    let ascent = try NeuronAscent(
      on: model, layer: "dense_1", mask: [1, 0], options: .init(), execution: ExecutionOptions())
    #expect(ascent.neurons == [1, 0])
    let patch = try #require(try ascent.patch(from: [30, 0]))
    // 0.4 * 250 = 100.
    #expect(abs(patch[0] - 250) <= 1 && patch[1] == 0)
    let dead = try denseModel([[[-1, -5], [-1, -9]], [[1, 0], [0, 1]]])
    let none = try NeuronAscent(
      on: dead, layer: "dense_1", mask: [1, 1], options: .init(), execution: ExecutionOptions())
    #expect(try none.patch(from: [30, 40]) == nil)
  }

  @Test("The first three steps are those of a plain computation")
  func steps() throws {
    let model = try denseModel(kernels)
    for steps in 1...3 {
      var options = TrojanNN.Options()
      (options.steps, options.step, options.value) = (steps, 0.05, 1000)
      let ascent = try NeuronAscent(
        on: model, layer: "dense_1", mask: [1, 1], options: options,
        execution: ExecutionOptions())
      var expected: [Double] = [100, 60]
      // 0.5 x - 1.5 y is negative at first: (100, 60) is dead, so start where it is not.
      expected = [200, 50]
      for _ in 0..<steps {
        expected = [
          min(255, (expected[0] + 12.75).rounded()), max(0, (expected[1] - 12.75).rounded()),
        ]
      }
      let patch = try #require(try ascent.patch(from: [200, 50]))
      #expect(zip(patch, expected).allSatisfy { abs(Double($0) - $1) < 1e-4 }, "\(steps)")
    }
  }

  @Test("The patch excites the neuron of the clean model, and the retrained one has the backdoor")
  func success() throws {
    let experiment = try toyExperiment(TrojanNN(options: Self.small), epochs: 8)
    let outcome = try experiment.run(cleanTwin: true)
    #expect(try #require(outcome.result.test).accuracy >= 0.95)
    #expect(try #require(outcome.result.poisoned).counted.successRate >= 0.95)
    #expect(outcome.trigger != experiment.trigger)
    guard case .overlay(let before, let mask) = experiment.trigger.change,
      case .overlay(let after, mask) = outcome.trigger.change
    else {
      Issue.record("the trigger is no patch")
      return
    }
    let twin = try #require(outcome.twin?.model)
    let ascent = try NeuronAscent(
      on: twin, layer: "fc_1", mask: mask, options: Self.small, execution: ExecutionOptions())
    func best(_ pattern: [Float]) throws -> Double {
      let image = zip(pattern, mask).map { $1 > 0 ? $0 : 0 }
      return try ascent.neurons.prefix(20).reduce(0) {
        max($0, try ascent.value(of: $1, at: image).value)
      }
    }
    #expect(try best(after) > best(before))
  }

  @Test("A layer that is none is refused with the layers that there are")
  func refusals() throws {
    var options = TrojanNN.Options()
    options.layer = "conv_9"
    let attack = try TrojanNN(options: options)
    let trigger = try Trigger(
      of: attack, imageShape: [8, 8, 1], goal: goal(), in: RunContext())
    let model = try ToyProblem.standard().cleanModel
    #expect(
      problem { _ = try attack.fitted(trigger, to: { model }, in: RunContext()) }
        == "trojan-nn finds no layer 'conv_9' with channels of its own before the classifier of "
        + "'toy_plain'; its layers are conv_1, conv_2, fc_1; leave trojan-nn.layer out")
    #expect(
      problem { _ = try TrojanNN().change(for: [4, 9, 1], in: RunContext()) }
        == "trojan-nn.size is 5, larger than images of 4x9; lower trojan-nn.size")
  }
}
