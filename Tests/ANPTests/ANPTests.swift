import DefenseKit
import DefenseKitTesting
import Testing

@testable import ANP

@Suite("ANP")
struct ANPTests {
  private static var quick: ANP.Options {
    var options = ANP.Options()
    options.iterations = 120
    options.batch = 32
    return options
  }

  static let checks = PluginChecks(
    ANP.self,
    options: {
      var options = quick
      options.iterations = 8
      options.threshold = 0.9
      return options
    }(),
    refusing: [
      "drop": ["-1", "101", "many"], "threshold": ["-0.1", "1"], "iterations": ["0"],
      "batch": ["0", "65537"], "epsilon": ["0", "11"], "steps": ["0"], "alpha": ["-0.1", "1.1"],
      "learning-rate": ["0", "101"], "momentum": ["1", "-0.1"], "held-out": ["0", "1"],
      "shift": ["-1", "65"], "flip": ["perhaps"],
    ])

  @Test("A rule of plugins", arguments: checks.rules)
  func rule(_ rule: PluginRule) throws { try Self.checks.check(rule) }

  // MARK: Masks

  /// Two features of value 1 behind a normalization that does nothing but gamma = (2, 1) and
  /// beta = (0, 1), read as logits: z = (2 f1, f2 + g2) with factors f on gamma and g on beta.
  private func byHand(alpha: Double) throws -> (learner: MaskLearner, model: Model) {
    var graph = try Graph(inputShape: [1, 1, 2])
    let (zero, one) = (Tensor(shape: [2], repeating: 0), Tensor(shape: [2], repeating: 1))
    try graph.append(
      "norm",
      .batchNormalization(
        BatchNormalization(
          gamma: Tensor(shape: [2], values: [2, 1]), beta: Tensor(shape: [2], values: [0, 1]),
          mean: zero, variance: one, epsilon: 0)), inputs: [0])
    try graph.append("flatten", .flatten, inputs: [1])
    try graph.append(
      "output", .dense(Dense(kernel: Tensor(shape: [2, 2], values: [1, 0, 0, 1]))), inputs: [2],
      activation: .softmax)
    let model = Model(graph: graph)
    var options = ANP.Options()
    options.alpha = alpha
    let learner = try MaskLearner(
      model, batchSize: 1, isTraining: false, options, ExecutionOptions())
    return (learner, model)
  }

  private static let still = [MaskLearner.Factors(gamma: [0, 0], beta: [0, 0])]

  /// Without noise z = (2, 2), so that p = (1/2, 1/2) and, for label 0, dL/dz = (-1/2, 1/2):
  /// dL/df = (-1/2 * 2, 1/2) = (-1, 1/2), dL/dg = (0, 1/2). The noise becomes delta = (-0.4, 0.4),
  /// xi = (0, 0.4); then z = (1.2, 2.8), p2 = 1 / (1 + exp(-1.6)) = 0.832018 and
  /// dL/df = (-2 * 0.832018, 0.832018). With alpha 0.2 the masks' gradient is
  /// 0.2 * (-1, 0.5) + 0.8 * (-1.664037, 0.832018) = (-1.531230, 0.765615); a step of 0.2 takes the
  /// second to 1 - 0.153123 = 0.846877, and the first is clipped to 1.
  @Test("A step, worked out by hand")
  func step() throws {
    var (learner, _) = try byHand(alpha: 0.2)
    let value = try learner.step(from: Self.still) {
      try $0.differentiate(.crossEntropy([0]), at: [1, 1])
    }
    // log 2
    #expect(abs(value - 0.693147) < 1e-6)
    #expect(learner.masks[0][0] == 1)
    #expect(abs(learner.masks[0][1] - 0.846877) < 1e-6)
  }

  /// With alpha 1 the perturbation does not count: m2 = 1 - 0.2 * 0.5 = 0.9. In the second step
  /// z = (2, 1.9), p2 = 1 / (1 + exp(0.1)) = 0.475021; with momentum v = 0.9 * 0.5 + 0.475021, and
  /// m2 = 0.9 - 0.2 * 0.925021 = 0.714996.
  @Test("Two steps without perturbation, worked out by hand")
  func momentum() throws {
    var (learner, _) = try byHand(alpha: 1)
    for right in [Float(0.9), 0.714996] {
      _ = try learner.step(from: Self.still) {
        try $0.differentiate(.crossEntropy([0]), at: [1, 1])
      }
      #expect(learner.masks[0][0] == 1)
      #expect(abs(learner.masks[0][1] - right) < 1e-6)
    }
  }

  @Test("Perturbations stay in their range, and masks in 0 to 1", arguments: 0..<8)
  func ranges(seed: Int) throws {
    let problem = try ToyProblem.standard()
    var options = Self.quick
    options.epsilon = 0.1 + Double(seed)
    options.steps = 1 + seed % 3
    options.learningRate = 20
    var learner = try MaskLearner(
      problem.normalized.model, batchSize: 16, options, ExecutionOptions())
    let images = try problem.clean.source.values(of: 0..<16)
    let loss = Loss.crossEntropy(Array(problem.clean.labels[..<16]))
    var numbers = SeededGenerator(seed: UInt64(seed))
    for _ in 0..<4 {
      let before = learner.masks
      var seen: [[Float]] = []
      _ = try learner.step(from: learner.noise(&numbers)) { backpropagation in
        let weights = backpropagation.weight(.gamma, of: "norm_1").values
        let own =
          backpropagation.model.graph.nodes
          .first { $0.name == "norm_1" }?.operation.weights[0].values ?? []
        seen.append(zip(weights, own).map { $0 / $1 })
        return try backpropagation.differentiate(loss, at: images)
      }
      #expect(seen.count == options.steps + 2)
      for factors in seen {
        for (factor, mask) in zip(factors, before[0]) {
          #expect(abs(factor - mask) <= Float(options.epsilon) * 1.001, "seed \(seed)")
        }
      }
      // The last is without perturbation.
      #expect(zip(seen[seen.count - 1], before[0]).allSatisfy { abs($0 - $1) < 1e-5 })
      #expect(learner.masks.allSatisfy { $0.allSatisfy { (0...1).contains($0) } })
    }
    #expect(learner.masks.contains { $0.contains { $0 < 1 } })
  }

  @Test("The factors' gradient against central differences, by public means", arguments: 0..<6)
  func gradient(seed: Int) throws {
    let problem = try ToyProblem.standard()
    let model = problem.normalized.model
    let layer = "norm_\(1 + seed % 2)"
    let count = 24
    let images = try problem.clean.source.values(of: 0..<count)
    let loss = Loss.crossEntropy(Array(problem.clean.labels[..<count]))
    let role: WeightRole = seed % 3 == 0 ? .beta : .gamma
    let backpropagation = try Backpropagation(
      model, batchSize: count, isTraining: seed < 3, layers: [layer])
    var numbers = SeededGenerator(seed: UInt64(seed))
    let channels = backpropagation.weight(role, of: layer).count
    let factors = (0..<channels).map { _ in Float(0.6 + 0.8 * numbers.unit()) }
    func value(_ factors: [Float]) throws -> Double {
      backpropagation.setFactors(factors, on: role, of: layer)
      return try backpropagation.differentiate(loss, at: images)
    }
    _ = try value(factors)
    let gradient = backpropagation.factorGradient(role, of: layer)
    try GradientChecks(seed: UInt64(seed)).check(gradient, at: factors, of: value)
    // The check fails where it should.
    var wrong = gradient
    let largest = try #require(gradient.indices.max { abs(gradient[$0]) < abs(gradient[$1]) })
    wrong[largest] *= 1.2
    #expect(throws: WrongGradient.self) {
      try GradientChecks(seed: UInt64(seed)).check(wrong, at: factors, of: value)
    }
  }

  // MARK: Threshold

  /// Against the rule as it reads: try all thresholds, and take the last before the first that fails.
  @Test("The threshold rule, on random masks and accuracies", arguments: 0..<200)
  func threshold(seed: Int) throws {
    var numbers = SeededGenerator(seed: UInt64(seed))
    let model = try ToyProblem.standard().normalized.model
    let masks = [8, 12].map { count in
      (0..<count).map { _ in numbers.below(4) == 0 ? 0 : Float(numbers.unit()) }
    }
    let network = MaskedNetwork(model: model, layers: ["norm_1", "norm_2"], masks: masks)
    let least = 60 + numbers.below(30)
    // Fewer images are right as more channels go, with noise.
    let loss = numbers.unit() * 4
    var byCount: [Int: Int] = [:]
    for count in 0...20 {
      byCount[count] = 90 - Int(loss * Double(count)) + numbers.below(5)
    }
    func correct(_ threshold: Double) -> Int {
      byCount[masks.reduce(0) { $0 + $1.count { Double($0) <= threshold } }]!
    }
    var right: (threshold: Double, correct: Int)?
    for step in 0..<20 {
      let threshold = Double(step) / 20
      if correct(threshold) < least { break }
      right = (threshold, correct(threshold))
    }
    let found = network.threshold(keeping: least, correct: correct)
    #expect(found?.threshold == right?.threshold, "seed \(seed)")
    #expect(found?.correct == right?.correct, "seed \(seed)")
  }

  // MARK: Repairs

  private func repairs(
    _ model: Model, _ options: ANP.Options, in context: RunContext = RunContext()
  ) throws -> [Repair] {
    try ANP(options: options).repair(model, using: ToyProblem.standard().clean, in: context)
  }

  @Test(
    "gamma alone is zero in pruned channels; their convolution is masked; no value changes else")
  func pruned() throws {
    let model = try ToyProblem.standard().normalized.model
    let masks: [[Float]] = [
      [1, 0.2, 1, 0.1, 1, 1, 1, 1], [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0.3],
    ]
    let network = MaskedNetwork(model: model, layers: ["norm_1", "norm_2"], masks: masks)
    let (repaired, entries) = try network.repaired(0.25)
    #expect(entries == [PrunedChannels(layer: "conv_1", channels: [3, 1], of: 8)])
    let (before, after) = (
      try model.graph.batchNormalization("norm_1"),
      try repaired.graph.batchNormalization("norm_1")
    )
    #expect(after.beta == before.beta)
    #expect(after.gamma == before.gamma?.zeroing([1, 3], axis: 0))
    // The model with gamma of zero alone gives the same values.
    var plain = model
    plain.graph = try model.graph.masking([1, 3], ofNormalization: "norm_1", zeroingBeta: false)
    let images = try ToyProblem.standard().test.source
    let predictions = try Executor([repaired, plain]).labels(for: images)
    #expect(predictions[0] == predictions[1])
    // Removing the channels too.
    let smaller = try repaired.graph.removing([3, 1], of: "conv_1")
    #expect(smaller.parameterCount < model.graph.parameterCount)
  }

  @Test("It takes the backdoor out of the toy network and keeps its accuracy")
  func toy() throws {
    let problem = try ToyProblem.standard()
    let experiment = try Experiment(
      suspect: problem.normalized.model, clean: problem.clean, test: problem.test,
      poisoned: problem.poisoned)
    let context = RunContext()
    let evaluation = try experiment.run([ANP(options: Self.quick)], in: context)
    let repair = try #require(evaluation.repairs.first)
    let before = try #require(evaluation.suspect.poisoned).counted
    let after = try #require(repair.result.poisoned).counted
    #expect(before.hits > before.images * 9 / 10)
    #expect(after.hits < before.hits, "\(after.hits) of \(before.hits)")
    let warnings = context.statistics.warnings
    #expect(
      warnings.contains {
        $0.hasPrefix("anp prunes ")
          && $0.contains(
            "the highest threshold before held-out accuracy first falls by more than 2 points (")
      }, "\(warnings)")
    #expect(repair.repair.title == "anp 2 %")
    let share = Self.quick.heldOut * Double(problem.clean.count)
    #expect(repair.repair.heldOut.count == Int(share.rounded()))
  }

  @Test("A threshold that is given is taken, and said")
  func given() throws {
    var options = Self.quick
    options.iterations = 5
    options.learningRate = 1e-3
    options.threshold = 0
    let context = RunContext()
    let model = try ToyProblem.standard().normalized.model
    let repair = try #require(try repairs(model, options, in: context).first)
    #expect(repair.drop == nil)
    #expect(
      context.statistics.warnings == [
        "anp prunes 0 of 20 channels: those with masks up to 0, as anp.threshold sets it"
      ])
  }

  @Test("What it cannot work on is refused, with what would do")
  func refusals() throws {
    let problem = try ToyProblem.standard()
    func refusal(_ model: Model, _ clean: CleanData) -> PluginError? {
      #expect(throws: PluginError.self) {
        try ANP(options: Self.quick).repair(model, using: clean, in: RunContext())
      }
    }
    let plain = refusal(problem.plain.model, problem.clean)
    #expect(plain?.code == .unsuitableModel)
    #expect(
      plain?.description
        == "anp needs batch normalization, which 'toy_plain' lacks; try fine-pruning or fine-tuning, "
        + "which need none")
    let one = try CleanData(
      Subset(of: problem.clean.source, [0]), labels: [problem.clean.labels[0]], name: "one")
    #expect(
      refusal(problem.normalized.model, one)?.description
        == "anp trains on some images and chooses its threshold on others, but one has 1; give more"
    )
  }

  @Test("Normalizations without gamma or beta have masks all the same")
  func withoutGamma() throws {
    var model = try ToyProblem.standard().normalized.model
    for layer in ["norm_1", "norm_2"] {
      var normalization = try model.graph.batchNormalization(layer)
      normalization.gamma = nil
      if layer == "norm_1" { normalization.beta = nil }
      model.graph = try model.graph.replacing(layer, with: .batchNormalization(normalization))
    }
    var options = Self.quick
    options.iterations = 20
    options.threshold = 0.99
    let repair = try #require(try repairs(model, options).first)
    #expect(!repair.pruned.isEmpty)
    for layer in ["norm_1", "norm_2"] {
      let normalization = try repair.model.graph.batchNormalization(layer)
      #expect(normalization.gamma.map { $0.values.allSatisfy { $0 == 0 || $0 == 1 } } ?? true)
    }
  }
}
