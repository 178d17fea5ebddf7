internal import DefenseKit

/// Joins several networks with the same input in one graph; equal nodes occur once.
struct GraphJoin {
  private(set) var graph: Graph

  /// Creates a graph of the input that all networks share.
  init(input: Graph.Node) throws(GraphError) {
    graph = try Graph(inputShape: input.shape, inputName: input.name)
  }

  /// Adds the nodes that compute `network`'s scores, the outputs before a final softmax.
  ///
  /// - Parameters:
  ///   - network: A network with the same input.
  ///   - suffix: Appended to a node's name if a different node has the name already.
  /// - Returns: The index of the scores, a vector.
  mutating func addScores(of network: Graph, suffix: String) throws(GraphError) -> Int {
    let scores = try graph.appendScores(of: network, suffix: suffix)
    if graph.nodes[scores].shape.count == 1 { return scores }
    return try append("scores" + suffix, .flatten, [scores])
  }

  /// Adds a one-hot vector at the first maximum of `scores`.
  ///
  /// See ``GoodNet/model(suspect:repaired:)`` for the method.
  mutating func addArgmax(of scores: Int, side: String) throws(GraphError) -> Int {
    let n = graph.nodes[scores].channels
    let steps = (0..<n).map { Float(2 * n - $0) * 0x1p60 }
    let scaled = try append(
      "goodnet_\(side)_scaled", .rescaling(Rescaling(scale: [0x1p80])), [scores])
    let maxima = try append("goodnet_\(side)_maxima", .activation, [scaled], .softmax)
    let ranked = try append(
      "goodnet_\(side)_ranked",
      .batchNormalization(
        BatchNormalization(
          gamma: Tensor(shape: [n], values: steps), beta: nil,
          mean: Tensor(shape: [n], repeating: 0), variance: Tensor(shape: [n], repeating: 1))),
      [maxima])
    return try append("goodnet_\(side)_class", .activation, [ranked], .softmax)
  }

  /// Appends a node with this name, or the first free name that starts with it.
  mutating func append(
    _ name: String, _ operation: Graph.Operation, _ inputs: [Int],
    _ activation: Activation = .linear
  ) throws(GraphError) -> Int {
    try graph.append(graph.unusedName(name), operation, inputs: inputs, activation: activation)
  }
}
