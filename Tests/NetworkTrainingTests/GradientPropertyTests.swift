import ReferenceInference
import Testing

@testable import InferenceGraph
@testable import NetworkTraining

@Suite("Gradients: what they do not depend on, and where they are zero")
struct GradientPropertyTests {
  private func batch(_ graph: Graph, _ count: Int, seed: UInt64) -> (ArraySource, [Int32]) {
    var random = SplitMix64(seed: seed)
    let classes = graph.outputShape.reduce(1, *)
    let values = random.floats(count * graph.inputShape.reduce(1, *))
    let labels = (0..<count).map { _ in Int32(random.int(0...classes - 1)) }
    return (ArraySource(values, imageShape: graph.inputShape), labels)
  }

  /// Some of a source's images.
  private func images(_ source: ArraySource, _ range: Range<Int>) -> ArraySource {
    let size = source.imageShape.reduce(1, *)
    return ArraySource(
      Array(source.values[range.lowerBound * size..<range.upperBound * size]),
      imageShape: source.imageShape)
  }

  // MARK: Bits

  @Test("the same bits for any number of threads", arguments: 0..<20, [33, 150])
  func threads(seed: Int, count: Int) throws {
    let graph = try RandomGraph.make(seed: UInt64(seed))
    let (source, labels) = batch(graph, count, seed: 3)
    func run(_ threads: Int) throws -> ([BatchResult], [Float], [Float], [Float]) {
      let model = Model(graph: graph)
      let options = ExecutionOptions(threads: threads)
      let trained = try Backpropagation(model, batchSize: count, options: options)
      // The second time with other images' values lying in memory, and moved statistics.
      let results = try (0..<2).map {
        try trained.run(source, labels: labels, smoothing: 0.1, seed: UInt64($0))
      }
      let weights = trained.parameters
      let ofImages = try Backpropagation(
        model, batchSize: count, isTraining: false, differentiatesWeights: false,
        differentiatesInput: true, options: options)
      return (
        results, weights.gradientValues,
        (0..<weights.weights.count).map { unsafe weights.weights.pointer[$0] },
        try ofImages.imageGradients(of: source.values, labels: labels).gradients
      )
    }
    let alone = try run(1)
    for threads in [2, 3] {
      let together = try run(threads)
      #expect(together.0 == alone.0)
      #expect(together.1 == alone.1)
      #expect(together.2 == alone.2)
      #expect(together.3 == alone.3)
    }
  }

  /// Without batch statistics an image's gradient is its own, wherever it stands.
  @Test("an image's gradient does not depend on the images beside it", arguments: 0..<20)
  func alone(seed: Int) throws {
    let graph = try RandomGraph.make(seed: UInt64(seed))
    let (source, labels) = batch(graph, 37, seed: 4)
    func gradients(batchSize: Int, _ range: Range<Int>) throws -> [Float] {
      let backpropagation = try Backpropagation(
        Model(graph: graph), batchSize: batchSize, isTraining: false,
        differentiatesWeights: false, differentiatesInput: true)
      return try backpropagation.imageGradients(
        of: images(source, range).values, labels: Array(labels[range])
      ).gradients
    }
    let whole = try gradients(batchSize: 37, 0..<37)
    // Three calls of the engine, the last one with part of a block.
    let pieces = try gradients(batchSize: 16, 0..<37)
    let size = graph.inputShape.reduce(1, *)
    let few = try gradients(batchSize: 5, 20..<25)
    let largest = whole.reduce(0) { max($0, abs($1)) }
    func agree(_ a: [Float], _ b: [Float]) -> Bool {
      a.count == b.count && zip(a, b).allSatisfy { abs($0 - $1) <= 1e-6 * largest }
    }
    #expect(agree(whole, pieces))
    #expect(agree(Array(whole[20 * size..<25 * size]), few))
  }

  // MARK: Partial blocks

  @Test("a batch's gradient is the mean of its images'", arguments: 0..<20)
  func mean(seed: Int) throws {
    let graph = try RandomGraph.make(seed: UInt64(seed)).withoutNoise()
    let (source, labels) = batch(graph, 5, seed: 5)
    let backpropagation = try Backpropagation(
      Model(graph: graph), batchSize: 5, freezesNormalization: true)
    let whole = try backpropagation.run(source, labels: labels)
    let gradient = backpropagation.parameters.gradientValues
    var sum = [Float](repeating: 0, count: gradient.count)
    var loss = 0.0
    for image in 0..<5 {
      let one = try backpropagation.run(images(source, image..<image + 1), labels: [labels[image]])
      loss += one.loss / 5
      for (index, value) in backpropagation.parameters.gradientValues.enumerated() {
        sum[index] += value / 5
      }
    }
    #expect(abs(loss - whole.loss) <= 1e-6 * loss)
    let largest = gradient.reduce(0) { max($0, abs($1)) }
    #expect(zip(gradient, sum).allSatisfy { abs($0 - $1) <= 1e-5 * largest })
  }

  @Test(
    "what an earlier batch left in empty lanes does not leak", arguments: 0..<30,
    RandomGraph.Head.allCases)
  func leftovers(seed: Int, head: RandomGraph.Head) throws {
    let graph = try RandomGraph.make(seed: UInt64(seed), head: head).withoutNoise()
    let (source, labels) = batch(graph, 40, seed: 6)
    let few = images(source, 0..<21)
    func gradient(after earlier: ArraySource?) throws -> (BatchResult, [Float]) {
      let backpropagation = try Backpropagation(Model(graph: graph), batchSize: 40)
      if let earlier { _ = try backpropagation.run(earlier, labels: labels) }
      let result = try backpropagation.run(few, labels: Array(labels[..<21]))
      return (result, backpropagation.parameters.gradientValues)
    }
    let fresh = try gradient(after: nil)
    let used = try gradient(
      after: ArraySource(source.values.map { 100 * $0 }, imageShape: source.imageShape))
    #expect(fresh.0 == used.0)
    #expect(fresh.1 == used.1)
  }

  @Test("a full batch and a part of a larger one give the same")
  func capacity() throws {
    let graph = try RandomGraph.make(seed: 8).withoutNoise()
    let (source, labels) = batch(graph, 21, seed: 7)
    let gradients = try [21, 64, 200].map {
      let backpropagation = try Backpropagation(Model(graph: graph), batchSize: $0)
      _ = try backpropagation.run(source, labels: labels)
      return backpropagation.parameters.gradientValues
    }
    let largest = gradients[0].reduce(0) { max($0, abs($1)) }
    for other in gradients[1...] {
      #expect(zip(gradients[0], other).allSatisfy { abs($0 - $1) <= 1e-5 * largest })
    }
  }

  // MARK: Zeros

  @Test("masked channels have no gradient at all", arguments: ["relu", "sigmoid"])
  func masked(name: String) throws {
    let activation: Activation = name == "relu" ? .relu : .sigmoid
    var net = try NetworkBuilder([6, 7, 3])
    try net.conv("conv", 13, activation: activation)
    try net.conv("wide", 14, activation: activation)
    try net.depthwise("depthwise", activation: activation)
    try net.windows("grouped", 8, (3, 3), groups: 2, activation: activation)
    try net.add(
      "separable",
      .separableConvolution(
        SeparableConvolution(
          depthwise: net.channelwise((2, 2)), pointwise: net.tensor([1, 1, 8, 7]),
          bias: net.tensor([7]))), activation: activation)
    try net.dense("pixels", 6, activation: activation)
    try net.add("flatten", .flatten)
    try net.dense("dense", 7, activation: activation)
    try net.dense("output", 4)
    var graph = net.graph
    let masks = [
      "conv": [0, 5, 12], "wide": [1, 13], "depthwise": [2, 3], "grouped": [1, 6],
      "separable": [0, 4], "pixels": [5], "dense": [3],
    ]
    for (layer, channels) in masks { graph = try graph.masking(channels, of: layer) }
    let (source, labels) = batch(graph, 21, seed: 8)
    let backpropagation = try Backpropagation(Model(graph: graph), batchSize: 21)
    _ = try backpropagation.run(source, labels: labels)
    for segment in backpropagation.parameters.segments where segment.isTrained {
      let node = graph.nodes[segment.node]
      let gradient = backpropagation.parameters.gradientValues(graph, node.name, segment.role)
      guard let masked = masks[node.name],
        segment.role != .depthwiseKernel || node.name == "depthwise"
      else { continue }
      for (index, value) in gradient.enumerated() where masked.contains(index % node.channels) {
        #expect(value == 0, "\(node.name) \(segment.role), element \(index)")
      }
      #expect(gradient.contains { $0 != 0 }, "\(node.name) \(segment.role)")
    }
  }

  /// One weight for each element, into one of two logits, so that an element's slope tells who got it.
  private func sumOfElements(
    _ shape: [Int], _ build: (inout NetworkBuilder) throws -> Void
  ) throws -> Graph {
    var net = try NetworkBuilder(shape)
    try build(&net)
    try net.add("flatten", .flatten)
    let count = net.channels
    let weights = (0..<count).flatMap { n -> [Float] in [Float(n + 1), -0.5] }
    try net.add("sum", .dense(Dense(kernel: Tensor(shape: [count, 2], values: weights))))
    return net.graph
  }

  /// Which elements of an image get a slope.
  private func reached(_ graph: Graph, _ image: [Float]) throws -> [Int] {
    let backpropagation = try Backpropagation(
      Model(graph: graph), batchSize: 20, isTraining: false, differentiatesWeights: false,
      differentiatesInput: true)
    // In two places of two blocks.
    let images = Array(repeating: image, count: 18).flatMap { $0 }
    let gradients = try backpropagation.imageGradients(
      of: images, labels: Array(repeating: 1, count: 18)
    ).gradients
    let found = image.indices.filter { gradients[$0] != 0 }
    let last = 17 * image.count
    #expect(found == image.indices.filter { gradients[last + $0] != 0 })
    return found
  }

  @Test("of equal maxima in a window the first has the slope")
  func ties() throws {
    func pool(_ window: Int, _ step: Int, _ padding: Padding = .valid) -> Graph.Operation {
      .pooling(
        Pooling(
          .max, window: Extent(window, window), strides: Extent(step, step), padding: padding))
    }
    let constant = Array(repeating: Float(-0.1), count: 16)
    let tiling = try sumOfElements([4, 4, 1]) { try $0.add("p", pool(2, 2)) }
    #expect(try reached(tiling, constant) == [0, 2, 8, 10])
    let overlapping = try sumOfElements([4, 4, 1]) { try $0.add("p", pool(3, 1)) }
    #expect(try reached(overlapping, constant) == [0, 1, 4, 5])
    let global = try sumOfElements([4, 4, 1]) {
      try $0.add("p", .globalPooling(.max, keepsDimensions: true))
    }
    #expect(try reached(global, constant) == [0])
    let some: [Float] = [1, 3, 3, 1, 3, 2, 0, 3, 0, 0, 5, 5, 0, 0, 5, 5]
    #expect(try reached(tiling, some) == [1, 2, 8, 10])
    // Behind a rectifier, which has no slope where it is closed.
    let rectified = try sumOfElements([4, 4, 1]) {
      try $0.add("r", .activation, activation: .relu)
      try $0.add("p", pool(2, 2))
    }
    #expect(try reached(rectified, some) == [1, 2, 10])
    #expect(try reached(rectified, constant) == [])
  }

  @Test("functions are flat at exactly their kinks, where the value there is that of the flat side")
  func kinks() throws {
    let cases: [(Activation, [Float], [Int])] = [
      (.relu, [-1, 0, -0.0, 1e-30, 1], [3, 4]),
      (.relu(cap: 2), [0, 1, 2, 3], [1]),
      (.hardTanh, [-1, -0.5, 0, 1], [1, 2]),
      (.hardSigmoid(slope: 0.5), [-1, 0, 1], [1]),
      (.hardShrink, [-0.5, 0.5, 0.75], [2]),
      (.softShrink, [-0.5, 0.5, -0.75], [2]),
      (.hardSiLU, [-3, -2, 3], [1, 2]),
    ]
    for (activation, values, expected) in cases {
      let graph = try sumOfElements([1, values.count, 1]) {
        try $0.add("a", .activation, activation: activation)
      }
      #expect(try reached(graph, values) == expected, "\(activation)")
    }
  }

  // MARK: Loss

  @Test("loss and its gradient stay finite for scores far apart")
  func extremes() throws {
    var graph = try Graph(inputShape: [3])
    try graph.append(
      "d",
      .dense(
        Dense(kernel: Tensor(shape: [3, 3], values: [1, 0, 0, 0, 1, 0, 0, 0, 1]))), inputs: [0],
      activation: .softmax)
    let backpropagation = try Backpropagation(
      Model(graph: graph), batchSize: 2, isTraining: false, differentiatesInput: true)
    let (losses, gradients) = try backpropagation.imageGradients(
      of: [1000, -1000, 0, 1000, -1000, 0], labels: [0, 1])
    #expect(losses == [0, 2000])
    #expect(gradients == [0, 0, 0, 1, -1, 0])
    let result = try backpropagation.run(
      ArraySource([1000, -1000, 0, 1000, -1000, 0], imageShape: [3]), labels: [0, 1],
      smoothing: 0.3)
    // 0.1 * (0 + 2000 + 1000), and 0.7 * 2000 more.
    #expect(abs(result.loss - (300 + 300 + 1400) / 2) < 1e-3)
    #expect(result.correct == 1)
  }

  @Test("moving statistics follow the batch's, by a tenth, where they are used alone")
  func movingStatistics() throws {
    var net = try NetworkBuilder([5, 6, 3])
    try net.conv("conv", 4, 3)
    try net.add("norm", net.normalization())
    try net.add("flatten", .flatten)
    try net.dense("output", 4)
    let (source, labels) = batch(net.graph, 21, seed: 9)
    let size = source.imageShape.reduce(1, *)
    let network = ReferenceNetwork(net.graph, usesBatchStatistics: true)
    let results = network.results(
      for: (0..<21).map { source.values[$0 * size..<($0 + 1) * size].map { Double($0) } })
    let node = try #require(net.graph.index(of: "norm"))
    let moments = network.moments(ofInputOf: node, results)
    func statistics(_ isTraining: Bool, _ freezes: Bool) throws -> [[Float]] {
      let backpropagation = try Backpropagation(
        Model(graph: net.graph), batchSize: 21, isTraining: isTraining,
        freezesNormalization: freezes)
      _ = try backpropagation.run(source, labels: labels)
      guard
        case .batchNormalization(let b) = backpropagation.currentModel.graph.nodes[node].operation
      else { return [] }
      return [b.mean.values, b.variance.values]
    }
    let before = [network.weights[node][.movingMean]!, network.weights[node][.movingVariance]!]
    let after = try statistics(true, false)
    for (moved, (old, new)) in zip(after, zip(before, [moments.mean, moments.variance])) {
      for (value, (x, y)) in zip(moved, zip(old, new)) {
        #expect(abs(Double(value) - (0.9 * x + 0.1 * y)) <= 1e-6)
      }
    }
    let unmoved = before.map { $0.map { Float($0) } }
    #expect(try statistics(true, true) == unmoved)
    #expect(try statistics(false, false) == unmoved)
  }
}
