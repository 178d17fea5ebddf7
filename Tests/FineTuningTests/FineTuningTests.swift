import DefenseKit
import FineTuning
import Testing

/// Two classes that the red or the green of a pixel tells; the network was taught the contrary of
/// what clean images say in part, so that there is something to learn.
@Suite("Fine-tuning")
struct FineTuningTests {
  private func model() throws -> Model {
    var graph = try Graph(inputShape: [2, 2, 2])
    try graph.append(
      "conv",
      .convolution(
        Convolution(
          kernel: Tensor(
            shape: [1, 1, 2, 4], values: [0.5, 0.1, 0, 0.2, 0.4, 0.3, 0, -0.2]),
          bias: Tensor(shape: [4], values: [0.1, 0, 0, 0]))), inputs: [0], activation: .relu)
    try graph.append("flatten", .flatten, inputs: [1])
    try graph.append(
      "output",
      .dense(
        Dense(
          kernel: Tensor(shape: [16, 2], values: (0..<32).map { Float($0 % 5) * 0.1 - 0.2 }),
          bias: Tensor(shape: [2], repeating: 0))), inputs: [2], activation: .softmax)
    return Model(graph: graph)
  }

  private func images(_ count: Int) throws -> CleanData {
    var values: [Float] = []
    var labels: [Int32] = []
    for image in 0..<count {
      let label = image * 7 % 3 == 0 ? 0 : 1
      labels.append(Int32(label))
      for pixel in 0..<4 {
        let strong = 0.5 + Float((image * 13 + pixel * 5) % 11) / 22
        let weak = Float((image * 5 + pixel * 3) % 7) / 20
        values += label == 0 ? [strong, weak] : [weak, strong]
      }
    }
    return try CleanData(
      ArraySource(values, imageShape: [2, 2, 2]), labels: labels, name: "clean.h5")
  }

  private func options(_ change: (inout FineTuningOptions) -> Void = { _ in }) -> FineTuningOptions
  {
    var options = FineTuningOptions()
    options.batch = 20
    options.epochs = 10
    options.optimizer = .sgd
    options.learningRate = 0.1
    change(&options)
    return options
  }

  @Test("It learns the clean images, and reports how")
  func learns() throws {
    let data = try images(200)
    let context = RunContext()
    let defense = try FineTuning(options: options())
    let repairs = try defense.repair(try model(), using: data, in: context)
    let repair = try #require(repairs.first)
    #expect(
      repairs.count == 1 && repair.defense == "fine-tuning" && repair.fileStem == "fine-tuning")
    let tuning = try #require(repair.tuning)
    #expect(tuning.epochs == 10 && tuning.images == 180)
    #expect(tuning.before?.images == 20 && tuning.after?.images == 20)
    let order = try data.contentOrder()
    let split = FineTuner(options(), for: "x").split(200, seed: context.seed)
    #expect(repair.heldOut == split.heldOut.map { order[$0] }.sorted())
    #expect(try #require(tuning.after).correct > #require(tuning.before).correct)
    #expect(repair.clean?.images == 200 && repair.clean?.correct ?? 0 >= 190)
    #expect(repair.pruned.isEmpty && repair.drop == nil && repair.curve == nil)
    let counted = try CleanCounts(of: repair.model, on: data, in: RunContext())
    #expect(counted == repair.clean)
    #expect(
      context.statistics.phases.map(\.title) == [
        "clean images", "suspect's scores", "tuning", "tuned model",
      ])
    #expect(context.statistics.imagesRun == Double(200 + 180 + 10 * 3 * 180 + 200))
  }

  @Test("Where held-out images decide when to stop, what comes out is the last epoch all the same")
  func stops() throws {
    let data = try images(200)
    func tuned(_ change: (inout FineTuningOptions) -> Void) throws -> (Repair, RunStatistics) {
      let context = RunContext()
      let repairs = try FineTuning(
        options: options {
          $0.schedule = .constant
          $0.recovery = 0
          change(&$0)
        }
      ).repair(try model(), using: data, in: context)
      return (try #require(repairs.first), context.statistics)
    }
    let (stopped, cost) = try tuned {
      $0.epochs = 100
      $0.patience = 2
    }
    let epochs = try #require(stopped.tuning).epochs
    #expect((3..<100).contains(epochs))
    #expect(cost.imagesRun == Double(200 + 180 + epochs * (3 * 180 + 20) + 200))
    let (whole, _) = try tuned { $0.epochs = epochs }
    #expect(whole.model.graph == stopped.model.graph && whole.tuning == stopped.tuning)
  }

  @Test("The same bits with any number of threads; another seed gives others")
  func threads() throws {
    let data = try images(200)
    func tuned(_ threads: Int, seed: UInt64 = 0) throws -> Graph {
      let context = RunContext(execution: ExecutionOptions(threads: threads), seed: seed)
      return try #require(
        FineTuning(options: options()).repair(model(), using: data, in: context).first
      ).model.graph
    }
    let one = try tuned(1)
    #expect(try tuned(2) == one)
    #expect(try tuned(3) == one)
    #expect(try tuned(2, seed: 1) != one)
  }

  /// With so much decay nothing is learned; without it the weights grow again.
  @Test("The last epochs go without decay")
  func recovers() throws {
    let data = try images(200)
    func norm(_ recovery: Double) throws -> Double {
      let repair = try #require(
        FineTuning(
          options: options {
            $0.decay = 0.5
            $0.recovery = recovery
            ($0.smoothing, $0.distillation) = (0, 0)
          }
        ).repair(try model(), using: data, in: RunContext()).first)
      #expect(repair.tuning?.epochs == 10)
      return repair.model.graph.nodes.flatMap(\.operation.weights).flatMap(\.values)
        .reduce(0) { $0 + Double($1) * Double($1) }
    }
    #expect(try norm(0.5) > 4 * norm(0))
  }

  @Test("Masked channels stay exactly zero")
  func masked() throws {
    var model = try model()
    model.graph = try model.graph.masking([0, 2], of: "conv")
    let repair = try #require(
      FineTuning(options: options { $0.decay = 0.1 }).repair(
        model, using: images(200), in: RunContext()
      ).first)
    guard case .convolution(let conv) = repair.model.graph.nodes[1].operation else {
      Issue.record("no convolution")
      return
    }
    for channel in [0, 2] {
      #expect(conv.kernel.values[channel] == 0 && conv.kernel.values[4 + channel] == 0)
      #expect(conv.bias?.values[channel] == 0)
    }
    #expect(conv.kernel.values[1] != 0.1 && conv.bias?.values[1] != 0)
    #expect(try repair.model.graph.masking([0, 2], of: "conv") == repair.model.graph)
  }

  @Test("A class without images is a warning")
  func missingClass() throws {
    let all = try images(200)
    let indices = all.labels.indices.filter { all.labels[$0] == 1 }
    let some = try CleanData(
      Subset(of: all.source, indices), labels: indices.map { all.labels[$0] }, name: "some.h5")
    let context = RunContext()
    _ = try FineTuning(options: options { $0.epochs = 1 }).repair(
      try model(), using: some, in: context)
    #expect(
      context.statistics.warnings.contains(
        "fine-tuning: some.h5 has no training image of class 0; fine-tuning may unlearn what is "
          + "missing"))
  }

  @Test(
    "A rate that diverges at once ends in one line that names the step, the loss and the option")
  func diverges() throws {
    let defense = try FineTuning(
      options: options {
        $0.learningRate = 100
        $0.schedule = .constant
        $0.recovery = 0
        $0.epochs = 200
      })
    // Values so large that the loss overflows.
    let data = try images(200)
    var big = try model()
    big.preprocessing.scale = 1e15
    let error = try #require(throws: PluginError.self) {
      try defense.repair(big, using: data, in: RunContext())
    }
    #expect(error.code == .untrainable)
    #expect(
      error.description.wholeMatch(
        of:
          /fine-tuning stopped training: the training diverged in epoch 1 of 200, step \d+ of 9: the loss is .* at a learning rate of 100\.0; lower fine-tuning\.learning-rate/
      ) != nil, "\(error.description)")
  }

  @Test("A rate that diverges later keeps the weights of the epochs that went well")
  func divergesLater() throws {
    // Every epoch the kernels grow by a factor, as decay of more than 2 / rate overshoots zero.
    let defense = try FineTuning(
      options: options {
        $0.learningRate = 5
        $0.decay = 1
        $0.recovery = 0
        $0.schedule = .constant
        $0.epochs = 100
        $0.distillation = 0
      })
    let context = RunContext()
    let repair = try #require(
      try defense.repair(model(), using: images(200), in: context).first)
    let tuning = try #require(repair.tuning)
    #expect((1..<100).contains(tuning.epochs))
    let warning = try #require(context.statistics.warnings.first)
    #expect(
      warning.hasPrefix(
        "fine-tuning stopped training: the training diverged in epoch \(tuning.epochs + 1) of 100"))
    #expect(
      warning.hasSuffix(
        "; the weights after epoch \(tuning.epochs) are kept; lower fine-tuning.learning-rate"))
    #expect(
      repair.model.graph.nodes.allSatisfy {
        $0.operation.weights.allSatisfy { $0.firstNonFinite == nil }
      })
  }

  @Test("An image that is not finite is named by its number in the data set")
  func badImage() throws {
    let good = try images(200)
    var values = try #require(good.source as? ArraySource).values
    values[8 * 123 + 3] = .nan
    let bad = try CleanData(
      ArraySource(values, imageShape: [2, 2, 2]), labels: good.labels, name: "bad.h5")
    let error = #expect(throws: DataError.self) {
      try FineTuning(options: options()).repair(try model(), using: bad, in: RunContext())
    }
    #expect(error?.description.hasPrefix("bad.h5: image 123:") == true)
  }

  @Test("Without tuning there is nothing to do")
  func noEpochs() {
    let error = #expect(throws: PluginError.self) { try FineTuning(options: .none) }
    #expect(error?.description == "fine-tuning.epochs takes an integer from 1 to 10,000")
  }
}
