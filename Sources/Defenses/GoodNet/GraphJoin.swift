internal import DefenseKit

/// Puts several networks with the same input into one graph; equal nodes occur once.
struct GraphJoin {
  private(set) var graph: Graph

  /// Begins with the input that all networks share.
  init(input: Node) throws(GraphError) {
    graph = try Graph(inputShape: input.shape, inputName: input.name)
  }

  /// Adds what `network` needs for its scores, the outputs before a final softmax.
  ///
  /// - Parameters:
  ///   - network: The network.
  ///   - suffix: Appended to a node's name if the name is taken by a node that computes otherwise.
  /// - Returns: The index of the scores, a vector.
  mutating func addScores(of network: Graph, suffix: String) throws(GraphError) -> Int {
    let end = network.nodes[network.output]
    let isLast = network.consumers[network.output].isEmpty
    let dropsSoftmax = isLast && end.activation == .softmax
    var last = network.output
    if dropsSoftmax, case .activation = end.operation { last = end.inputs[0] }
    var indices = [0: 0]
    for index in needed(by: last, in: network) where index != 0 {
      let node = network.nodes[index]
      let activation = dropsSoftmax && index == network.output ? .linear : node.activation
      let inputs = node.inputs.compactMap { indices[$0] }
      indices[index] = try add(node, activation, inputs, suffix)
    }
    let scores = indices[last] ?? 0
    if graph.nodes[scores].shape.count == 1 { return scores }
    return try append("scores" + suffix, .flatten, [scores])
  }

  /// Adds a one-hot vector at the first maximum of `scores`; see ``GoodNet/model(suspect:repaired:)``.
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

  /// Appends a node under this name, or the first free name that begins with it.
  mutating func append(
    _ name: String, _ operation: Operation, _ inputs: [Int], _ activation: Activation = .linear
  ) throws(GraphError) -> Int {
    try graph.append(unused(name), operation, inputs: inputs, activation: activation)
  }

  private mutating func add(
    _ node: Node, _ activation: Activation, _ inputs: [Int], _ suffix: String
  ) throws(GraphError) -> Int {
    for (index, known) in graph.nodes.enumerated()
    where known.inputs == inputs && known.activation == activation
      && known.operation == node.operation
    {
      return index
    }
    let taken = graph.index(of: node.name) != nil
    return try append(taken ? node.name + suffix : node.name, node.operation, inputs, activation)
  }

  private func unused(_ name: String) -> String {
    var candidate = name
    var number = 2
    while graph.index(of: candidate) != nil {
      candidate = "\(name)_\(number)"
      number += 1
    }
    return candidate
  }

  /// The nodes that `last` depends on, itself included, in topological order.
  private func needed(by last: Int, in network: Graph) -> [Int] {
    var isNeeded = Array(repeating: false, count: network.nodes.count)
    isNeeded[last] = true
    for index in stride(from: last, through: 0, by: -1) where isNeeded[index] {
      for input in network.nodes[index].inputs { isNeeded[input] = true }
    }
    return isNeeded.indices.filter { isNeeded[$0] }
  }
}
