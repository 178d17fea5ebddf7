package import InferenceGraph

/// Random graphs in which every node may be read by many, or by none: what passes find hard.
///
/// Nodes are images `[height, width, channels]` of equal shape or of one pixel, their 2x2 poolings, and
/// vectors; sums, products and extrema read one to four of them; dropout, separable convolutions and
/// softmaxes stand anywhere.
package struct RandomDAG {
  private var graph: Graph
  private var random: SplitMix64
  private let image: [Int]

  package static func make(seed: UInt64) throws -> Graph {
    var random = SplitMix64(seed: seed)
    let image = [random.int(2...5), random.int(2...5), random.int(2...3)]
    var dag = RandomDAG(graph: try Graph(inputShape: image), random: random, image: image)
    for _ in 0..<dag.random.int(4...14) { try dag.addNode() }
    try dag.addEnd()
    return dag.graph
  }

  private mutating func add(
    _ operation: Graph.Operation, _ inputs: [Int], _ activation: Activation = .linear
  ) throws -> Int {
    try graph.append(
      "n\(graph.nodes.count)", operation, inputs: inputs, activation: activation)
  }

  private mutating func tensor(_ shape: [Int]) -> Tensor {
    Tensor(shape: shape, values: random.floats(shape.reduce(1, *)))
  }

  private mutating func activation() -> Activation {
    [.linear, .linear, .relu, .tanh, .softmax, .sigmoid][random.int(0...5)]
  }

  /// A node of the shape, most often a late one.
  private mutating func node(_ shapes: [Int]...) -> Int {
    let fitting = graph.nodes.indices.filter { shapes.contains(graph.nodes[$0].shape) }
    return random.oneIn(2)
      ? fitting[fitting.count - 1] : fitting[random.int(0...fitting.count - 1)]
  }

  private mutating func normalization(_ channels: Int) -> Graph.Operation {
    .batchNormalization(
      BatchNormalization(
        gamma: tensor([channels]), beta: tensor([channels]), mean: tensor([channels]),
        variance: Tensor(shape: [channels], repeating: 0.5)))
  }

  private mutating func addNode() throws {
    let channels = image[2]
    switch random.int(0...9) {
    case 0, 1:
      let size = random.int(1...3)
      let convolution = Convolution(
        kernel: tensor([size, size, channels, channels]), bias: tensor([channels]), padding: .same)
      _ = try add(.convolution(convolution), [node(image)], activation())
    case 2:
      let depthwise = DepthwiseConvolution(kernel: tensor([3, 3, channels, 2]), padding: .same)
      let separable = SeparableConvolution(
        depthwise: depthwise, pointwise: tensor([1, 1, 2 * channels, channels]),
        bias: tensor([channels]))
      _ = try add(.separableConvolution(separable), [node(image)], activation())
    case 3:
      _ = try add(normalization(channels), [node(image)], activation())
    case 4:
      _ = try add(.trainingOnly(.dropout(rate: 0.5)), [node(image)], activation())
    case 5:
      _ = try add(.activation, [node(image)], activation())
    case 6:
      _ = try add(.globalPooling(.average, keepsDimensions: true), [node(image)])
    case 7 where image[0] >= 2 && image[1] >= 2:
      // Behind a convolution of its own, into which it may be fused.
      let kernel = Convolution(kernel: tensor([1, 1, channels, channels]))
      var last = try add(.convolution(kernel), [node(image)])
      if random.oneIn(2) { last = try add(normalization(channels), [last], activation()) }
      if random.oneIn(3) { last = try add(.activation, [last], activation()) }
      _ = try add(.pooling(Pooling(.max, window: Extent(2, 2))), [last])
    default:
      let operations: [Graph.Operation] = [.add, .multiply, .maximum, .minimum]
      let first = node(image)
      let others = (0..<random.int(0...3)).map { _ in node(image, [1, 1, channels]) }
      _ = try add(
        operations[random.int(0...3)], ([first] + others).shuffled(using: &random), activation())
    }
  }

  /// Scores of several nodes, by dense layers with all that may follow them.
  private mutating func addEnd() throws {
    var parts: [Int] = []
    for _ in 0..<random.int(1...3) {
      let from = random.int(0...graph.nodes.count - 1)
      let flat = try add(.flatten, [from], random.oneIn(4) ? .relu : .linear)
      let units = random.int(2...3)
      var last = try add(
        .dense(Dense(kernel: tensor([graph.nodes[flat].elementCount, units]))), [flat],
        random.oneIn(2) ? .linear : .tanh)
      if random.oneIn(2) { last = try add(normalization(units), [last]) }
      if random.oneIn(2) { last = try add(.activation, [last], .relu) }
      parts.append(last)
    }
    let all = try add(.concatenate, parts)
    let kernel = tensor([graph.nodes[all].elementCount, 3])
    _ = try add(.dense(Dense(kernel: kernel)), [all], random.oneIn(2) ? .softmax : .linear)
    if random.oneIn(3) { _ = try add(.trainingOnly(.dropout(rate: 0.5)), [graph.output]) }
  }
}
