/// A node of a graph as it is differentiated; its weights are segments of ``Parameters``.
struct TrainingNode {
  /// For kinds and extents; the weights in it are not used.
  let operation: Operation
  let activation: Activation
  let inputs: [Int]
  let shape: [Int]
  /// The segments of the node's weights.
  let weights: [Parameters.Role: Parameters.Segment]
}

/// A graph in the form in which it is differentiated.
///
/// What does not reach the output is left out, as are nodes that give what they read; separable
/// convolutions are two nodes, sums and products have two inputs, and a softmax at the end is left to
/// the loss.
struct TrainingGraph {
  private(set) var nodes: [TrainingNode] = []
  /// The node that gives the logits.
  private(set) var output = 0

  /// - Parameter isTraining: Whether layers that act in training only do.
  init(_ graph: Graph, _ parameters: Parameters, isTraining: Bool) {
    var index: [Int: Int] = [:]
    let reaching = graph.reachingOutput
    for (old, node) in graph.nodes.enumerated() where reaching[old] || old == 0 {
      let segments = Dictionary(
        uniqueKeysWithValues: parameters.segments.filter { $0.node == old }.map { ($0.role, $0) })
      let inputs = node.inputs.map { index[$0]! }
      var activation = node.activation
      // The loss is computed from what the softmax is taken of.
      if old == graph.output, activation == .softmax { activation = .linear }
      index[old] = append(
        node, inputs: inputs, activation: activation, segments, isTraining: isTraining)
    }
    output = index[graph.output]!
  }

  private mutating func append(
    _ node: Node, inputs: [Int], activation: Activation,
    _ segments: [Parameters.Role: Parameters.Segment], isTraining: Bool
  ) -> Int {
    switch node.operation {
    case .trainingOnly(let layer) where !isTraining || layer.isIdentity:
      if activation == .linear { return inputs[0] }
      return add(.activation, activation, inputs, node.shape)
    case .activation where activation == .linear:
      return inputs[0]
    case .separableConvolution(let c):
      let input = nodes[inputs[0]].shape
      let channels = c.depthwise.kernel.shape[2] * c.depthwise.kernel.shape[3]
      let middle = add(
        .depthwiseConvolution(c.depthwise), .linear, inputs,
        c.depthwise.resultSize(of: input) + [channels],
        segments.filter { $0.key == .depthwiseKernel })
      var rest: [Parameters.Role: Parameters.Segment] = [:]
      rest[.kernel] = segments[.pointwiseKernel]
      rest[.bias] = segments[.bias]
      return add(
        .convolution(Convolution(kernel: c.pointwise, bias: c.bias)), activation, [middle],
        node.shape, rest)
    case .add, .multiply:
      if inputs.count == 1 {
        return activation == .linear
          ? inputs[0] : add(.activation, activation, inputs, node.shape)
      }
      var left = inputs[0]
      for (number, right) in inputs.enumerated().dropFirst() {
        let shape = zip(nodes[left].shape, nodes[right].shape).map { Swift.max($0, $1) }
        left = add(
          node.operation, number == inputs.count - 1 ? activation : .linear,
          [left, right], shape)
      }
      return left
    default:
      return add(node.operation, activation, inputs, node.shape, segments)
    }
  }

  private mutating func add(
    _ operation: Operation, _ activation: Activation, _ inputs: [Int], _ shape: [Int],
    _ weights: [Parameters.Role: Parameters.Segment] = [:]
  ) -> Int {
    nodes.append(
      TrainingNode(
        operation: operation, activation: activation, inputs: inputs, shape: shape,
        weights: weights))
    return nodes.count - 1
  }
}

extension TrainingOnly {
  /// Whether it does nothing in training either.
  fileprivate var isIdentity: Bool {
    switch self {
    case .dropout(let rate), .spatialDropout(let rate), .gaussianDropout(let rate),
      .alphaDropout(let rate):
      rate <= 0
    case .gaussianNoise(let deviation): deviation <= 0
    // Augmentation inside a model: training images are changed by ``Augmentation`` alone.
    case .other: true
    }
  }
}

extension DepthwiseConvolution {
  /// Height and width of the result.
  fileprivate func resultSize(of input: [Int]) -> [Int] {
    [
      WindowAxis(input[0], kernel.shape[0], strides.height, dilation.height, padding).count,
      WindowAxis(input[1], kernel.shape[1], strides.width, dilation.width, padding).count,
    ]
  }
}
