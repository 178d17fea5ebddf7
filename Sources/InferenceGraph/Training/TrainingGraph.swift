/// A node of a graph as it is differentiated; its weights are segments of ``Parameters``.
struct TrainingNode {
  /// For kinds and extents; the weights in it are not used.
  let operation: Operation
  let activation: Activation
  let inputs: [Int]
  let shape: [Int]
  /// The segments of the node's weights.
  let weights: [WeightRole: Parameters.Segment]
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
  /// Which of them has the value of a node of the graph with a part in its output.
  private(set) var places: [Int: Int] = [:]

  /// - Parameter isTraining: Whether layers that act in training only do.
  init(_ graph: Graph, _ parameters: Parameters, isTraining: Bool) {
    let reaching = graph.reachingOutput
    for (old, node) in graph.nodes.enumerated() where reaching[old] || old == 0 {
      let segments = Dictionary(
        uniqueKeysWithValues: parameters.segments.filter { $0.node == old }.map { ($0.role, $0) })
      let inputs = node.inputs.map { places[$0]! }
      var activation = node.activation
      // The loss is computed from what the softmax is taken of.
      if old == graph.output, activation == .softmax { activation = .linear }
      places[old] = append(
        node, inputs: inputs, activation: activation, segments, isTraining: isTraining)
    }
    output = places[graph.output]!
  }

  private mutating func append(
    _ node: Node, inputs: [Int], activation: Activation,
    _ segments: [WeightRole: Parameters.Segment], isTraining: Bool
  ) -> Int {
    var operation = node.operation
    if case .trainingOnly(let layer) = operation, !isTraining || layer.isAlwaysIdentity {
      operation = .activation
    }
    // A sum, a product or an extremum of one thing is that thing.
    let isCombination = operation.facts.channelRelation == .combined
    if isCombination, inputs.count == 1 { operation = .activation }
    if operation == .activation, activation == .linear { return inputs[0] }
    if case .separableConvolution(let c) = operation {
      let (depthwise, pointwise) = c.parts
      let middle = add(
        .depthwiseConvolution(depthwise), .linear, inputs,
        node.shape.dropLast() + [c.pointwise.shape[2]],
        segments.filter { $0.key == .depthwiseKernel })
      var rest: [WeightRole: Parameters.Segment] = [:]
      rest[.kernel] = segments[.pointwiseKernel]
      rest[.bias] = segments[.bias]
      return add(.convolution(pointwise), activation, [middle], node.shape, rest)
    }
    guard isCombination, inputs.count > 1 else {
      return add(operation, activation, inputs, node.shape, segments)
    }
    var left = inputs[0]
    for (number, right) in inputs.enumerated().dropFirst() {
      let shape = zip(nodes[left].shape, nodes[right].shape).map { Swift.max($0, $1) }
      left = add(
        operation, number == inputs.count - 1 ? activation : .linear, [left, right], shape)
    }
    return left
  }

  private mutating func add(
    _ operation: Operation, _ activation: Activation, _ inputs: [Int], _ shape: [Int],
    _ weights: [WeightRole: Parameters.Segment] = [:]
  ) -> Int {
    nodes.append(
      TrainingNode(
        operation: operation, activation: activation, inputs: inputs, shape: shape,
        weights: weights))
    return nodes.count - 1
  }
}
