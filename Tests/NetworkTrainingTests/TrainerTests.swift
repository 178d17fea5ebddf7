import Foundation
import ReferenceInference
import Synchronization
import Testing

@testable import InferenceGraph
@testable import NetworkTraining

@Suite struct TrainerTests {
  private let data = TrainingProblem.images(150, seed: 1)
  private let heldOut = TrainingProblem.images(60, seed: 2)

  @Test(arguments: [
    (Optimizer.sgd(), 0.05), (.sgd(nesterov: true), 0.05), (.adam(), 0.005), (.adamW(), 0.005),
  ])
  func learns(optimizer: Optimizer, rate: Double) throws {
    let model = try TrainingProblem.model()
    let before = try TrainingProblem.correct(model, heldOut)
    let result = try model.trained(
      on: data, heldOut: heldOut,
      options: TrainingOptions(
        epochs: 20, batchSize: 32, optimizer: optimizer, learningRate: rate, schedule: .cosine,
        weightDecay: 1e-4, labelSmoothing: 0.1, clipping: 5))
    #expect(before < 30)
    #expect(try TrainingProblem.correct(result.model, heldOut) >= 57)
    #expect(result.epochs.count == 20 && result.keptEpoch == 19)
    #expect(result.epochs[19].loss < result.epochs[0].loss)
    #expect(result.epochs[19].accuracy > 0.9)
    #expect(
      result.epochs[19].heldOutCorrect == (try TrainingProblem.correct(result.model, heldOut)))
  }

  /// Four epochs at once, two and two, and one by one; with one, two and three threads.
  @Test(arguments: OptimizerTests.all)
  func resumesToTheSameBits(optimizer: Optimizer) throws {
    let model = try TrainingProblem.model()
    for (patience, keepsLast) in [(nil, false), (3, false), (3, true)] {
      let options = TrainingOptions(
        epochs: 4, batchSize: 32, optimizer: optimizer, learningRate: 0.01, schedule: .oneCycle,
        weightDecay: 0.01, labelSmoothing: 0.05, clipping: 1,
        augmentation: Augmentation(shift: 1, flip: true), patience: patience,
        keepsLast: keepsLast, seed: 7)
      var states: [TrainingState] = []
      let whole = try model.trained(
        on: data, heldOut: heldOut, options: options, execution: ExecutionOptions(threads: 1),
        checkpoint: { states.append($0) })
      #expect(states.map(\.epochs.count) == Array(1...states.count))
      for (threads, state) in zip([2, 3, 2, 1], states) {
        var later: [TrainingState] = []
        let rest = try model.trained(
          on: data, heldOut: heldOut, options: options, resuming: state,
          execution: ExecutionOptions(threads: threads), checkpoint: { later.append($0) })
        #expect(isSame(rest.model.graph, whole.model.graph))
        #expect(rest.epochs == whole.epochs && rest.keptEpoch == whole.keptEpoch)
        #expect(later == Array(states[state.epochs.count...]))
      }
      let again = try model.trained(
        on: data, heldOut: heldOut, options: options, execution: ExecutionOptions(threads: 2))
      #expect(isSame(again.model.graph, whole.model.graph))
      #expect(again.epochs == whole.epochs)
      // With patience the model before may be the best.
      #expect(states.last?.weights != states[0].weights)
    }
  }

  @Test func theSeedDecides() throws {
    let model = try TrainingProblem.model()
    func trained(_ seed: UInt64) throws -> Graph {
      try model.trained(on: data, options: TrainingOptions(epochs: 1, seed: seed)).model.graph
    }
    #expect(isSame(try trained(1), try trained(1)))
    #expect(!isSame(try trained(1), try trained(2)))
  }

  /// 150 images in batches of up to 40 are four steps of 37 or 38.
  @Test func stepsAreEvenAndProgressIsTold() throws {
    let told = Mutex<[Int]>([])
    _ = try TrainingProblem.model().trained(
      on: data, options: TrainingOptions(epochs: 2, batchSize: 40),
      progress: { count in told.withLock { $0.append(count) } })
    #expect(told.withLock { $0 } == [37, 75, 112, 150, 187, 225, 262, 300])
  }

  // MARK: Stopping

  /// At a rate at which nothing changes no epoch is better than the model before.
  @Test func endsWhenNothingGetsBetter() throws {
    let model = try TrainingProblem.model()
    let result = try model.trained(
      on: data, heldOut: heldOut,
      options: TrainingOptions(
        epochs: 50, learningRate: 1e-12, patience: 3, freezesNormalization: true))
    #expect(result.epochs.count == 3 && result.keptEpoch == nil)
    #expect(isSame(result.model.graph, model.graph))
    // Where the last epoch is kept the model before does not count; the first is no worse than others.
    let without = try model.trained(
      on: data, heldOut: heldOut,
      options: TrainingOptions(
        epochs: 50, learningRate: 1e-12, patience: 3, keepsLast: true,
        freezesNormalization: true))
    #expect(without.epochs.count == 4 && without.keptEpoch == 3)
  }

  @Test func keepsTheFirstOfTheBestEpochs() throws {
    let model = try TrainingProblem.model()
    var states: [TrainingState] = []
    let options = TrainingOptions(
      epochs: 60, batchSize: 32, learningRate: 0.05, patience: 4)
    let result = try model.trained(
      on: data, heldOut: heldOut, options: options, checkpoint: { states.append($0) })
    let counts = result.epochs.compactMap(\.heldOutCorrect)
    let best = try #require(counts.max())
    let kept = try #require(result.keptEpoch)
    #expect(kept == counts.firstIndex(of: best))
    #expect(result.epochs.count == kept + 5 && kept < 55)
    #expect(try TrainingProblem.correct(result.model, heldOut) == best)
    // The weights are those of that epoch, not of the last.
    #expect(states[kept].weights == states[states.count - 1].best?.weights)
    #expect(states[kept].weights != states[states.count - 1].weights)
    #expect(Parameters(result.model.graph).packedWeights == states[kept].weights)
  }

  /// Targets that say what the labels say give the same weights, and smoothing mixes in alike.
  @Test func targetsLikeTheLabels() throws {
    let classes = try TrainingProblem.model().classCount
    for smoothing in [0, 0.2] {
      let options = TrainingOptions(epochs: 2, batchSize: 40, labelSmoothing: smoothing)
      let plain = try TrainingProblem.model().trained(on: data, options: options)
      let targets = data.labels.flatMap { label in
        (0..<Int32(classes)).map { $0 == label ? Float(1) : 0 }
      }
      let same = try TrainingProblem.model().trained(
        on: TrainingSet(data.source, labels: data.labels, targets: targets), options: options)
      #expect(isSame(same.model.graph, plain.model.graph))
      // Smoothing by hand: (1 - s) * label + s / classes.
      let smoothed = targets.map { $0 * Float(1 - smoothing) + Float(smoothing) / Float(classes) }
      let byHand = try TrainingProblem.model().trained(
        on: TrainingSet(data.source, labels: data.labels, targets: smoothed),
        options: TrainingOptions(epochs: 2, batchSize: 40))
      #expect(abs(byHand.epochs[0].loss - plain.epochs[0].loss) < 1e-5)
      #expect(byHand.epochs[1].accuracy == plain.epochs[1].accuracy)
    }
  }

  /// A step's loss and gradient with targets, worked out by hand: one image, logits (1, 1 + ln 3).
  @Test func targetsByHand() throws {
    var graph = try Graph(inputShape: [1])
    let kernel = Tensor(shape: [1, 2], values: [1, 1 + log(Float(3))])
    try graph.append("output", .dense(Dense(kernel: kernel)), inputs: [0], activation: .softmax)
    let set = TrainingSet(
      ArraySource([1], imageShape: [1]), labels: [0], targets: [0.5, 0.5])
    let result = try Model(graph: graph).trained(
      on: set,
      options: TrainingOptions(
        epochs: 1, batchSize: 1, optimizer: .sgd(momentum: 0), learningRate: 1))
    // p = (1/4, 3/4): loss = -(log(1/4) + log(3/4)) / 2, slopes p - t = (-1/4, 1/4).
    #expect(abs(result.epochs[0].loss + (log(0.25) + log(0.75)) / 2) < 1e-6)
    guard case .dense(let dense) = result.model.graph.nodes[1].operation else { return }
    #expect(abs(dense.kernel.values[0] - 1.25) < 1e-6)
    #expect(abs(dense.kernel.values[1] - (log(Float(3)) + 0.75)) < 1e-6)
  }

  /// Patience counts from the last gain there too.
  @Test func keepsTheLastEpochWhereThatIsAskedFor() throws {
    let model = try TrainingProblem.model()
    var states: [TrainingState] = []
    let result = try model.trained(
      on: data, heldOut: heldOut,
      options: TrainingOptions(
        epochs: 60, batchSize: 32, learningRate: 0.05, patience: 4, keepsLast: true),
      checkpoint: { states.append($0) })
    let counts = result.epochs.compactMap(\.heldOutCorrect)
    let best = try #require(counts.firstIndex(of: counts.max() ?? 0))
    #expect(result.epochs.count == best + 5 && best < 55 && result.keptEpoch == best + 4)
    #expect(Parameters(result.model.graph).packedWeights == states.last?.weights)
    #expect(states.last?.best == nil)
  }

  @Test func aCheckpointThatThrowsEndsTheTraining() throws {
    struct Stop: Error {}
    var count = 0
    #expect(throws: Stop.self) {
      try TrainingProblem.model().trained(
        on: data, options: TrainingOptions(epochs: 9),
        checkpoint: { _ in
          count += 1
          if count == 2 { throw Stop() }
        })
    }
    #expect(count == 2)
  }

  // MARK: Divergence

  @Test func divergenceAtOnceGivesTheModelBack() throws {
    let model = try TrainingProblem.model()
    let error = try #require(throws: TrainingError.self) {
      try model.trained(
        on: data, options: TrainingOptions(epochs: 3, batchSize: 50, learningRate: 1e30))
    }
    #expect(
      error.description.wholeMatch(
        of:
          /the training diverged in epoch 1 of 3, step [123] of 3: the loss is (NaN|inf|[-0-9.e+]+)( and the weights are no longer finite)? at a learning rate of 1e\+30; lower learningRate/
      ) != nil, "\(error.description)")
    #expect(isSame(error.lastGood?.model.graph, model.graph))
  }

  /// The rate rises to 1e30 with the third epoch; the second one's weights are kept.
  @Test func divergenceLaterGivesTheLastGoodWeights() throws {
    let model = try TrainingProblem.model()
    var options = TrainingOptions(
      epochs: 4, schedule: .step(at: [2], factor: 1e30), augmentation: Augmentation(shift: 1))
    var states: [TrainingState] = []
    let error = try #require(throws: TrainingError.self) {
      try model.trained(on: data, options: options, checkpoint: { states.append($0) })
    }
    #expect(error.description.contains("in epoch 3 of 4, step"))
    #expect(states.count == 2)
    options.epochs = 2
    let good = try model.trained(on: data, options: options).model.graph
    #expect(isSame(error.lastGood?.model.graph, good))
    #expect(!isSame(good, model.graph))
  }

  /// Weights can overflow while the loss is still finite.
  @Test func noWeightThatIsNotFiniteComesOut() throws {
    let model = try TrainingProblem.model()
    for rate in [1e3, 1e8, 1e15, 1e20, 1e25, 1e37, 1e39, 1e60] {
      do {
        let result = try model.trained(
          on: data, options: TrainingOptions(epochs: 1, batchSize: 150, learningRate: rate))
        #expect(result.model.graph.isFinite, "\(rate)")
        #expect(result.epochs[0].loss.isFinite)
      } catch let error as TrainingError {
        #expect(isSame(error.lastGood?.model.graph, model.graph))
        #expect(error.description.contains("diverged"))
      }
    }
  }

  @Test func anImageThatIsNotANumberIsNamed() throws {
    var values = (data.source as? ArraySource)?.values ?? []
    values[77 * 128 + 3] = .nan
    let bad = TrainingSet(
      ArraySource(values, imageShape: TrainingProblem.shape), labels: data.labels)
    let error = #expect(throws: SampleError.self) {
      try TrainingProblem.model().trained(on: bad, options: TrainingOptions())
    }
    #expect(error?.index == 77)
  }

  // MARK: Masks

  @Test(arguments: OptimizerTests.all)
  func maskedChannelsStayZero(optimizer: Optimizer) throws {
    let model = try TrainingProblem.model()
    let graph = try model.graph.masking([0, 3], of: "conv").masking([1, 4], of: "conv_2")
      .masking([2, 11], of: "hidden")
    let result = try Model(graph: graph).trained(
      on: data,
      options: TrainingOptions(
        epochs: 3, batchSize: 32, optimizer: optimizer, learningRate: 0.01, weightDecay: 0.01,
        clipping: 1))
    let trained = result.model.graph
    for (layer, channels) in [("conv", [0, 3]), ("conv_2", [1, 4]), ("hidden", [2, 11])] {
      let index = try #require(trained.index(of: layer))
      let weights = trained.nodes[index].operation.weights
      for (tensor, old) in zip(weights, graph.nodes[index].operation.weights) {
        let axis = tensor.shape.count - 1
        let masked = tensor.selecting(channels, axis: axis)
        #expect(masked.values.allSatisfy { $0 == 0 }, "\(layer) \(optimizer)")
        let others = (0..<tensor.shape[axis]).filter { !channels.contains($0) }
        // What a bias adds is taken off again by a normalization behind it.
        for channel in others where tensor.shape.count > 1 {
          let isSame =
            tensor.selecting([channel], axis: axis) == old.selecting([channel], axis: axis)
          #expect(!isSame, "\(layer) \(channel)")
        }
      }
    }
  }
}

extension TrainerTests {
  /// A masked channel is constant, so that its variance is zero: what is left of it is zero, not 0 / 0.
  @Test func maskedChannelsBeforeNormalizationWithoutEpsilon() throws {
    var net = try NetworkBuilder(TrainingProblem.shape)
    try net.conv("conv", 6, activation: .linear)
    try net.add(
      "bn",
      .batchNormalization(
        BatchNormalization(
          gamma: net.tensor([6]), beta: net.tensor([6]), mean: net.tensor([6]),
          variance: Tensor(shape: [6], repeating: 1), epsilon: 0)), activation: .relu)
    try net.add("flatten", .flatten)
    try net.dense("output", 4, activation: .softmax)
    let graph = try net.graph.masking([2, 5], of: "conv")
    let trained = try Model(graph: graph).trained(
      on: TrainingProblem.images(150, seed: 1),
      options: TrainingOptions(epochs: 3, batchSize: 32, weightDecay: 0.01)
    ).model.graph
    #expect(trained.isFinite && trained != graph)
    guard case .convolution(let c) = trained.nodes[1].operation else { return }
    #expect(c.kernel.selecting([2, 5], axis: 3).values.allSatisfy { $0 == 0 })
  }

  /// Its gradient is zero, as the loss does not depend on it; decay would still wear it away.
  @Test(arguments: OptimizerTests.all)
  func aLayerWithoutPartInTheOutputStays(optimizer: Optimizer) throws {
    var net = try NetworkBuilder(TrainingProblem.shape)
    let conv = try net.conv("conv", 6)
    try net.conv("side", 3)
    try net.add("flatten", .flatten, from: conv)
    let output = try net.dense("output", 4, activation: .softmax)
    net.graph.setOutput(output)
    let trained = try Model(graph: net.graph).trained(
      on: TrainingProblem.images(60, seed: 1),
      options: TrainingOptions(
        epochs: 1, batchSize: 32, optimizer: optimizer, weightDecay: 0.1, clipping: 1)
    ).model.graph
    for name in ["conv", "side", "output"] {
      let index = try #require(trained.index(of: name))
      let isSame = trained.nodes[index] == net.graph.nodes[index]
      #expect(isSame == (name == "side"), "\(name)")
    }
  }
}

/// Whether graphs are equal, without printing all their weights where they are not.
private func isSame(_ a: Graph?, _ b: Graph) -> Bool { a == b }

extension Parameters {
  var packedWeights: [Float] { packed(weights) }
}

extension Graph {
  var isFinite: Bool {
    nodes.allSatisfy { $0.operation.weights.allSatisfy { $0.firstNonFinite == nil } }
  }
}
