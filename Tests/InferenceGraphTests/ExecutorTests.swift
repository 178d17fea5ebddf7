import InferenceGraph
import ReferenceInference
import Synchronization
import Testing

@Suite struct ExecutorTests {
  /// Images with values of both signs.
  static func images(_ count: Int, shape: [Int], seed: UInt64) -> ArraySource {
    var random = SplitMix64(seed: seed)
    return ArraySource(random.floats(count * shape.reduce(1, *)), imageShape: shape)
  }

  /// Each model's outputs for all images, row-major, in the images' order.
  static func outputs(
    _ models: [Model], _ source: ArraySource, options: ExecutionOptions = ExecutionOptions()
  ) throws -> [[Float]] {
    let executor = try Executor(models, options: options)
    let result = Mutex(models.map { [Float](repeating: 0, count: source.count * $0.classCount) })
    try executor.run(source) { batch in
      for (index, model) in models.enumerated() {
        let rows = batch.outputs(of: index)
        let range =
          batch.indices.lowerBound * model.classCount..<batch.indices.upperBound * model.classCount
        result.withLock { $0[index].replaceSubrange(range, with: rows) }
      }
    }
    return result.withLock { $0 }
  }

  @Test(arguments: 0..<120, RandomGraph.Head.allCases)
  func agreesWithTheReference(seed: Int, head: RandomGraph.Head) throws {
    let graph = try RandomGraph.make(seed: UInt64(seed), head: head)
    let source = Self.images(19, shape: graph.inputShape, seed: UInt64(seed) + 1000)
    let got = try Self.outputs([Model(graph: graph)], source)[0]
    let size = graph.inputShape.reduce(1, *)
    let classes = graph.outputShape.reduce(1, *)
    for image in [0, 7, 15, 16, 18] {
      let expected = referenceOutput(
        graph, image: Array(source.values[image * size..<(image + 1) * size]))
      for c in 0..<classes {
        let value = Double(got[image * classes + c])
        #expect(
          abs(value - expected[c]) <= 1e-4 * max(1, abs(expected[c])),
          "image \(image), class \(c): \(value) for \(expected[c])")
      }
    }
  }

  @Test(arguments: 0..<20, RandomGraph.Head.allCases)
  func everyNodeAgreesWithTheReference(seed: Int, head: RandomGraph.Head) throws {
    let graph = try RandomGraph.make(seed: UInt64(seed), head: head)
    let source = Self.images(5, shape: graph.inputShape, seed: UInt64(seed) + 1000)
    let executor = try Executor(
      [Model(graph: graph)], observing: graph.nodes.map { (0, $0.name) })
    let size = graph.inputShape.reduce(1, *)
    let expected = (0..<5).map {
      reference(graph, image: Array(source.values[$0 * size..<($0 + 1) * size]))
    }
    try executor.run(source) { batch in
      #expect(batch.images() == source.values)
      for (index, node) in graph.nodes.enumerated() {
        let values = batch.values(ofObservation: index)
        #expect(values.count == 5 * node.elementCount)
        for image in 0..<5 {
          for element in 0..<node.elementCount {
            let value = Double(values[image * node.elementCount + element])
            let right = expected[image][index][element]
            guard abs(value - right) > 1e-4 * max(1, abs(right)) else { continue }
            Issue.record("\(node.name), image \(image), element \(element): \(value) for \(right)")
            return
          }
        }
      }
    }
  }

  /// Bit for bit: neither threads, nor what runs along, nor an image's place change its result.
  @Test(arguments: [3, 8, 21], RandomGraph.Head.allCases)
  func nothingButTheImageMatters(seed: Int, head: RandomGraph.Head) throws {
    let graph = try RandomGraph.make(seed: UInt64(seed), head: head)
    let other = try RandomGraph.make(seed: UInt64(seed), head: head)
    let layer = try #require(graph.lastConvolution)
    let model = Model(graph: graph)
    let masked = Model(graph: try graph.masking([0], of: layer))
    let source = Self.images(301, shape: graph.inputShape, seed: 5)
    let alone = try Self.outputs([model], source, options: .init(threads: 1))[0]
    let maskedAlone = try Self.outputs([masked], source, options: .init(threads: 1))[0]
    for threads in [1, 2, 3] {
      for sharing in [true, false] {
        let together = try Self.outputs(
          [masked, model, Model(graph: other), masked], source,
          options: .init(threads: threads, sharing: sharing))
        #expect(together[0] == maskedAlone)
        #expect(together[1] == alone)
        #expect(together[2] == alone)
        #expect(together[3] == maskedAlone)
      }
    }
    var random = SplitMix64(seed: 1)
    let order = (0..<301).shuffled(using: &random)
    let size = graph.inputShape.reduce(1, *)
    let shuffled = ArraySource(
      order.flatMap { source.values[$0 * size..<($0 + 1) * size] }, imageShape: graph.inputShape)
    let permuted = try Self.outputs([model], shuffled)[0]
    let classes = model.classCount
    for (place, image) in order.enumerated() {
      #expect(
        permuted[place * classes..<(place + 1) * classes]
          == alone[image * classes..<(image + 1) * classes])
    }
  }

  /// Two scales make two inputs in one plan; neither may overwrite the other.
  @Test(arguments: 0..<40)
  func modelsOfDifferentScalesRunTogether(seed: Int) throws {
    let graph = try RandomGraph.make(seed: UInt64(seed))
    let models = [Float(1), 0.5, 2].map {
      Model(graph: graph, preprocessing: Preprocessing(scale: $0))
    }
    let source = Self.images(20, shape: graph.inputShape, seed: 6)
    #expect(
      try Self.outputs(models, source) == models.map { try Self.outputs([$0], source)[0] })
  }

  @Test func equalNodesRunOnce() throws {
    let graph = try RandomGraph.make(seed: 4)
    let model = Model(graph: graph)
    let executor = try Executor([model, model, Model(graph: graph)])
    #expect(executor.separateCostPerImage == 3 * executor.costPerImage)
    var scaled = model
    scaled.preprocessing.scale = 0.5
    let different = try Executor([model, scaled])
    #expect(different.separateCostPerImage == different.costPerImage)
  }

  /// A masked copy costs only what lies behind the mask, and gives the bits it gives alone.
  @Test(arguments: 0..<40)
  func maskedCopiesShareTheirConvolution(seed: Int) throws {
    let graph = try RandomGraph.make(seed: UInt64(seed))
    guard let layer = graph.lastConvolution, let node = graph.index(of: layer),
      graph.nodes[node].channels >= 4, case .convolution = graph.nodes[node].operation
    else { return }
    let models = [
      Model(graph: graph), Model(graph: try graph.masking([1], of: layer)),
      Model(graph: try graph.masking([0, 1, 3], of: layer)),
    ]
    let source = Self.images(33, shape: graph.inputShape, seed: 6)
    #expect(
      try Self.outputs(models, source)
        == Self.outputs(models, source, options: .init(sharing: false)))
    if [.linear, .relu].contains(graph.nodes[node].activation) {
      let together = try Executor(models).costPerImage
      let twice = try Executor(Array(models[...1]), options: .init(sharing: false)).costPerImage
      // Three models cost less than two that share nothing, unless all work lies behind the layer.
      #expect(together < 3 * graph.multiplyAdds && twice == 2 * graph.multiplyAdds)
    }
  }

  @Test func anImageThatIsNotANumberIsNamed() throws {
    let graph = try RandomGraph.make(seed: 4)
    let size = graph.inputShape.reduce(1, *)
    var values = [Float](repeating: 1, count: 40 * size)
    values[23 * size + 5] = .nan
    let source = ArraySource(values, imageShape: graph.inputShape)
    let error = #expect(throws: SampleError.self) {
      try Executor([Model(graph: graph)]).labels(for: source)
    }
    #expect(error?.index == 23)
  }

  @Test func anErrorOfTheBodyEndsTheRun() throws {
    struct Stop: Error {}
    let graph = try RandomGraph.make(seed: 4)
    let source = Self.images(700, shape: graph.inputShape, seed: 5)
    #expect(throws: Stop.self) {
      try Executor([Model(graph: graph)]).run(source) { _ in throw Stop() }
    }
  }

  /// Layers wide enough for Winograd's algorithm, with all that is fused into it; odd extents make
  /// tiles overlap.
  @Test(
    arguments: [(4, 4), (5, 7), (8, 3), (2, 9), (11, 6)],
    [Padding.valid, .same, .explicit(top: 3, bottom: 0, left: 1, right: 2)])
  func wideConvolutionsAgreeWithTheReference(size: (Int, Int), padding: Padding) throws {
    var random = SplitMix64(seed: 9)
    let shape = [size.0 + 2, size.1 + 2, 13]
    var graph = try Graph(inputShape: shape)
    func convolution(_ inputs: Int, _ outputs: Int) -> Graph.Operation {
      .convolution(
        Convolution(
          kernel: Tensor(
            shape: [3, 3, inputs, outputs],
            values: random.floats(9 * inputs * outputs, limit: 0.2)),
          bias: Tensor(shape: [outputs], values: random.floats(outputs)), padding: padding))
    }
    let plain = try graph.append("plain", convolution(13, 17), inputs: [0])
    let wide = try graph.append("wide", convolution(13, 20), inputs: [0], activation: .relu)
    let pooled = try graph.append(
      "pooled", .pooling(Pooling(.max, window: Extent(2, 2))), inputs: [wide])
    let raw = try graph.append("raw", convolution(13, 17), inputs: [0])
    let normalized = try graph.append(
      "normalized",
      .batchNormalization(
        BatchNormalization(
          gamma: Tensor(shape: [17], values: random.floats(17)),
          beta: Tensor(shape: [17], values: random.floats(17)),
          mean: Tensor(shape: [17], values: random.floats(17)),
          variance: Tensor(shape: [17], repeating: 0.7))), inputs: [raw], activation: .relu)
    let sum = try graph.append("sum", .add, inputs: [plain, normalized], activation: .tanh)
    let ends = [
      try graph.append("all", .flatten, inputs: [sum]),
      try graph.append("some", .flatten, inputs: [pooled]),
    ]
    try graph.append("scores", .concatenate, inputs: ends)
    let source = Self.images(18, shape: shape, seed: 2)
    let got = try Self.outputs([Model(graph: graph)], source)[0]
    let (elements, count) = (graph.outputShape[0], shape.reduce(1, *))
    for image in [0, 5, 17] {
      let expected = referenceOutput(
        graph, image: Array(source.values[image * count..<(image + 1) * count]))
      for element in 0..<elements {
        let value = Double(got[image * elements + element])
        guard abs(value - expected[element]) > 1e-5 * max(1, abs(expected[element])) else {
          continue
        }
        Issue.record("image \(image), element \(element): \(value) for \(expected[element])")
        return
      }
    }
  }
}
