import ReferenceInference
import Testing

@testable import InferenceGraph
@testable import NetworkTraining

@Suite("Optimizers, masks, batches and numbers for methods of one's own")
struct ValueToolTests {
  // MARK: Optimizers

  static let optimizers: [Optimizer] = [
    .sgd(momentum: 0), .sgd(momentum: 0.9), .sgd(momentum: 0.8, nesterov: true),
    .adam(), .adam(beta1: 0.5, beta2: 0.9, epsilon: 1e-8), .adamW(),
  ]

  /// A kernel alone decays in a training, and is what all values are here.
  @Test("steps are those of a training", arguments: optimizers, [0.0, 0.01])
  func steps(optimizer: Optimizer, decay: Double) throws {
    var random = SplitMix64(seed: 4)
    var values = random.floats(37)
    var graph = try Graph(inputShape: [37])
    try graph.append(
      "dense", .dense(Dense(kernel: Tensor(shape: [37, 1], values: values))), inputs: [0])
    let parameters = Parameters(graph)
    let update = WeightUpdate(parameters, optimizer, weightDecay: decay)
    var own = ValueOptimizer(optimizer, count: 37, weightDecay: decay)
    for step in 0..<20 {
      let gradient = random.floats(37, limit: step % 3 == 0 ? 2 : 0.01)
      let rate = step < 10 ? 0.1 : 0.03
      parameters.unpack(gradient, into: parameters.gradient)
      #expect(update.step(rate: rate))
      own.step(&values, along: gradient, rate: rate)
      for (value, right) in zip(values, parameters.packed(parameters.weights)) {
        #expect(abs(value - right) <= 2e-5, "step \(step): \(value) for \(right)")
      }
    }
  }

  @Test("Adam's first two steps, worked by hand")
  func adam() {
    var adam = ValueOptimizer(.adam(epsilon: 1e-8), count: 1, weightDecay: 0.5)
    var values: [Float] = [2]
    // g = 1 + 0.5 * 2 = 2; both averages without bias are 2 and 4: the step is 0.1 * 2 / 2.
    adam.step(&values, along: [1], rate: 0.1)
    #expect(abs(values[0] - 1.9) < 1e-6)
    // g = -0.95 + 0.95 = 0: m = 0.9 * 0.2 / 0.19, s = 0.999 * 0.004 / 0.001999.
    adam.step(&values, along: [-0.95], rate: 0.1)
    let step = 0.1 * (0.18 / 0.19) / (0.003996 / 0.001999).squareRoot()
    #expect(abs(Double(values[0]) - (1.9 - step)) < 1e-6)
  }

  // MARK: Masks and patterns

  @Test(
    "a masked pattern's gradient against central differences of a network's loss", arguments: 0..<20
  )
  func maskedPattern(seed: Int) throws {
    var random = SplitMix64(seed: UInt64(seed))
    let shape = [random.int(1...6), random.int(1...6), random.int(1...4)]
    var net = try NetworkBuilder(shape)
    try net.conv("conv", 3, activation: .tanh)
    try net.add("flat", .flatten)
    try net.dense("output", 4)
    let (count, scale) = (random.int(1...20), Float(1.0 / 64))
    let size = shape.reduce(1, *)
    let images = random.floats(count * size, limit: 64)
    let trigger = MaskedPattern(
      imageShape: shape, mask: random.floats(shape[0] * shape[1], limit: 0.5).map { $0 + 0.5 },
      pattern: random.floats(size, limit: 64))
    let labels = [Int32](repeating: 2, count: count)
    let backpropagation = try Backpropagation(
      Model(graph: net.graph, preprocessing: Preprocessing(scale: scale)), batchSize: 20,
      isTraining: false,
      differentiatesWeights: false, differentiatesInput: true)
    try backpropagation.differentiate(.crossEntropy(labels), at: trigger.applied(to: images))
    let gradient = trigger.gradients(
      at: images, imageGradient: backpropagation.inputGradient)
    let network = ReferenceNetwork(net.graph)
    func loss(_ mask: [Double], _ pattern: [Double]) -> Double {
      let inputs = (0..<count).map { image in
        (0..<size).map { element in
          let m = mask[element / shape[2]]
          return ((1 - m) * Double(images[image * size + element]) + m * pattern[element])
            * Double(scale)
        }
      }
      return network.losses(network.results(for: inputs), labels: labels).reduce(0, +)
        / Double(count)
    }
    let (mask, pattern) = (
      trigger.mask.map { Double($0) }, trigger.pattern.map { Double($0) }
    )
    func compare(_ got: [Float], _ move: (Int, Double) -> Double) {
      let largest = got.reduce(1e-6) { max($0, Double(abs($1))) }
      for index in got.indices {
        let right = (move(index, 1e-5) - move(index, -1e-5)) / 2e-5
        #expect(abs(Double(got[index]) - right) <= 1e-3 * largest, "seed \(seed), \(index)")
      }
    }
    compare(gradient.mask) { index, distance in
      var moved = mask
      moved[index] += distance
      return loss(moved, pattern)
    }
    compare(gradient.pattern) { index, distance in
      var moved = pattern
      moved[index] += distance
      return loss(mask, moved)
    }
  }

  // MARK: Batches

  @Test("an epoch's batches hold every image once, changed as their seed says", arguments: 0..<20)
  func batches(seed: Int) throws {
    var random = SplitMix64(seed: UInt64(seed))
    let (count, batchSize) = (random.int(1...90), random.int(1...40))
    let data = TrainingProblem.images(count, seed: UInt64(seed))
    let augmentation = Augmentation(shift: random.int(0...3), flip: random.oneIn(2))
    let batches = try TrainingBatches(
      data, batchSize: batchSize, augmentation: augmentation, seed: UInt64(seed))
    #expect(batches.stepsPerEpoch == (count + batchSize - 1) / batchSize)
    var orders: [[Int]] = []
    for epoch in 0..<2 {
      let all = batches.epoch(epoch)
      #expect(all.count == batches.stepsPerEpoch)
      #expect(all.allSatisfy { $0.count <= batches.largestBatch && $0.count > 0 })
      orders.append(all.flatMap(\.indices))
      #expect(orders[epoch].sorted() == Array(0..<count))
      for batch in all {
        let values = try batch.values()
        #expect(batch.labels == batch.indices.map { data.labels[$0] })
        for (place, index) in batch.indices.enumerated() {
          let original = try data.source.values(of: index..<index + 1)
          let change = ImageChange(
            augmentation, seed: UInt64(seed), epoch: epoch, index: index)
          #expect(
            Array(values[place * 128..<(place + 1) * 128]) == changed(original, change),
            "seed \(seed), image \(index)")
        }
      }
    }
    if count > 6 { #expect(orders[0] != orders[1]) }
  }

  /// An image of 8x8 pixels and 2 channels, mirrored, then shifted.
  private func changed(_ image: [Float], _ change: ImageChange) -> [Float] {
    var result = image.map { _ in Float(0) }
    for y in 0..<8 {
      for x in 0..<8 {
        let (fromY, fromX) = (y - change.down, x - change.right)
        guard (0..<8).contains(fromY), (0..<8).contains(fromX) else { continue }
        let column = change.isMirrored ? 7 - fromX : fromX
        for c in 0..<2 { result[(y * 8 + x) * 2 + c] = image[(fromY * 8 + column) * 2 + c] }
      }
    }
    return result
  }

  /// Stochastic descent by batches and gradients of one's own, on the weights of a network.
  @Test("a training written with batches, gradients and an optimizer is the built-in one")
  func ownTraining() throws {
    let model = try TrainingProblem.model()
    let data = TrainingProblem.images(90, seed: 3)
    let options = TrainingOptions(
      epochs: 2, batchSize: 32, optimizer: .sgd(momentum: 0.9), learningRate: 0.05,
      augmentation: Augmentation(shift: 1, flip: true), seed: 8)
    let built = try model.trained(on: data, options: options).model
    let batches = try TrainingBatches(
      data, batchSize: 32, augmentation: options.augmentation, seed: 8)
    let backpropagation = try Backpropagation(model, batchSize: batches.largestBatch)
    var optimizers: [String: ValueOptimizer] = [:]
    for epoch in 0..<2 {
      for batch in batches.epoch(epoch) {
        try backpropagation.differentiate(
          .crossEntropy(batch.labels), at: batch, updatesStatistics: true)
        for node in model.graph.nodes {
          for (role, tensor) in node.operation.namedWeights where role.isTrained {
            var values = backpropagation.weight(role, of: node.name).values
            optimizers[
              "\(node.name) \(role)",
              default: ValueOptimizer(options.optimizer, count: tensor.count)
            ].step(
              &values, along: backpropagation.gradient(role, of: node.name).values, rate: 0.05)
            backpropagation.setWeight(role, of: node.name, to: values)
          }
        }
      }
    }
    let own = backpropagation.currentModel
    for (mine, theirs) in zip(own.graph.nodes, built.graph.nodes) {
      for (a, b) in zip(mine.operation.weights, theirs.operation.weights) {
        let error = zip(a.values, b.values).reduce(0) { max($0, abs($1.0 - $1.1)) }
        #expect(error <= 1e-4, "\(mine.name): \(error)")
      }
    }
    #expect(built.graph != model.graph)
  }

  // MARK: Random numbers

  @Test("numbers below a bound, and normal ones, have the distributions that they say")
  func numbers() {
    var random = SeededGenerator(seed: 11, stream: 3)
    for bound in [1, 2, 3, 7, 100] {
      var counts = Array(repeating: 0, count: bound)
      for _ in 0..<200 * bound { counts[random.below(bound)] += 1 }
      // Five standard deviations of a count.
      #expect(counts.allSatisfy { abs($0 - 200) <= 71 }, "\(bound): \(counts)")
    }
    for count in [0, 1, 5, 20_000] {
      let normals = random.normals(count)
      #expect(normals.count == count)
      guard count > 5 else { continue }
      let mean = normals.reduce(0, +) / Double(count)
      let variance = normals.reduce(0) { $0 + $1 * $1 } / Double(count)
      #expect(abs(mean) < 0.03 && abs(variance - 1) < 0.05)
      let far = normals.count { abs($0) > 2 }
      #expect((780...1_040).contains(far), "\(far) of 20,000 beyond two deviations")
    }
  }
}
