/// A graph reduced to basic operations.
///
/// - Nodes that return their input are removed.
/// - Preprocessing that does more than scale becomes a node behind the images.
/// - A separable convolution becomes a depthwise convolution and a 1x1 convolution.
/// - Sums, products and extrema read two nodes; those of more become chains, first inputs first.
/// - For inference, a softmax becomes a node of its own. Training leaves it in its node, where its
///   gradient needs no copy of the logits.
package struct Normalized: Sendable, CustomStringConvertible {
  /// The purpose of the nodes.
  package enum Purpose: Hashable {
    case inference
    /// Differentiation; with `noise`, layers that are active in training only are active.
    case training(noise: Bool)
  }

  /// The origin of a node's weights in the graph.
  package struct Source: Sendable {
    /// The node of the graph.
    package let node: Int
    /// For each role of a weight here, its role in the graph's node.
    package let roles: [WeightRole: WeightRole]
  }

  /// In topological order; the first is the images, scaled.
  package private(set) var nodes: [IRNode] = []
  /// The origin of each node's weights.
  package private(set) var sources: [Source] = []
  /// By node of the graph: the node with its value.
  package private(set) var index: [Int] = []
  /// The node of the class scores: the graph's output, or, where a final softmax is a node of its
  /// own, its input.
  ///
  /// A softmax of several rows (over the channels of every pixel) does not count.
  package private(set) var scores = 0

  package init(
    _ graph: Graph, preprocessing: Preprocessing = Preprocessing(),
    for purpose: Purpose = .inference
  ) {
    for (number, node) in graph.nodes.enumerated() {
      index.append(append(node, number, preprocessing, purpose))
    }
    scores = index[graph.output]
    let output = graph.nodes[graph.output]
    if output.activation == .softmax, output.shape.dropLast().allSatisfy({ $0 == 1 }),
      nodes[scores].operation == .activation
    {
      scores = nodes[scores].inputs[0]
    }
  }

  package var description: String { nodes.text }

  /// Appends the nodes for a graph's node and returns the one with its value.
  private mutating func append(
    _ node: Graph.Node, _ number: Int, _ preprocessing: Preprocessing, _ purpose: Purpose
  ) -> Int {
    var inputs = node.inputs.map { index[$0] }
    var operation = node.operation
    let isCombination = operation.facts.channelRelation == .combined
    if purpose.isIdentity(operation) || isCombination && inputs.count == 1 {
      operation = .activation
    }
    if operation == .activation, node.activation == .linear { return inputs[0] }
    var roles = Dictionary(
      uniqueKeysWithValues: operation.namedWeights.map { ($0.role, $0.role) })
    if case .separableConvolution(let separable) = operation {
      let (depthwise, pointwise) = separable.parts
      let middle = IRNode(
        operation: .depthwiseConvolution(depthwise), inputs: inputs,
        shape: node.shape.dropLast() + [separable.pointwise.shape[2]])
      inputs = [add(middle, number, [.depthwiseKernel: .depthwiseKernel])]
      operation = .convolution(pointwise)
      roles = [.kernel: .pointwiseKernel, .bias: .bias]
    }
    if isCombination, inputs.count > 2 {
      for right in inputs[1..<inputs.count - 1] {
        let pair = [inputs[0], right]
        let shape = zip(nodes[pair[0]].shape, nodes[right].shape).map { Swift.max($0, $1) }
        inputs[0] = add(IRNode(operation: operation, inputs: pair, shape: shape), number, [:])
      }
      inputs = [inputs[0], inputs[inputs.count - 1]]
    }
    var last = IRNode(
      operation: operation, activation: node.activation, inputs: inputs, shape: node.shape,
      inputScale: operation == .input ? preprocessing.scale : 1)
    if operation == .input, !preprocessing.operations.isEmpty {
      return preprocessing.operations.reduce(add(last, number, [:])) { images, operation in
        add(IRNode(operation: operation, inputs: [images], shape: node.shape), number, [:])
      }
    }
    guard purpose == .inference, !node.activation.isElementwise, operation != .activation else {
      return add(last, number, roles)
    }
    last.activation = .linear
    let softmax = IRNode(
      operation: .activation, activation: node.activation, inputs: [add(last, number, roles)],
      shape: node.shape)
    return add(softmax, number, [:])
  }

  private mutating func add(
    _ node: IRNode, _ number: Int, _ roles: [WeightRole: WeightRole]
  ) -> Int {
    nodes.append(node)
    sources.append(Source(node: number, roles: roles))
    return nodes.count - 1
  }
}

extension Normalized.Purpose {
  /// Whether an operation returns its input unchanged for this purpose.
  fileprivate func isIdentity(_ operation: Graph.Operation) -> Bool {
    if self == .training(noise: true), case .trainingOnly(let layer) = operation {
      return layer.isAlwaysIdentity
    }
    return operation.facts.isIdentity
  }
}
