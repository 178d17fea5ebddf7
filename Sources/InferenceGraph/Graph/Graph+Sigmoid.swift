extension Graph {
  /// The graph with its single sigmoid output replaced by two classes; nil if it ends in anything
  /// else.
  ///
  /// Removes the sigmoid and appends ``Graph/Operation/binaryLogits`` with a softmax: the scores are 1 - p
  /// and p, where p was the graph's result. The second class is predicted where p > 0.5. Nodes that
  /// pass the one element on, for example a flattening, may follow the sigmoid. ``joiningSigmoid``
  /// is the inverse.
  public var splittingSigmoid: Graph? {
    guard outputShape == [1] else { return nil }
    let unit = unit(at: output)
    guard nodes[unit].activation == .sigmoid else { return nil }
    var result = self
    result.nodes[unit] = nodes[unit].with(activation: .linear)
    var name = Self.sigmoidName(nodes[unit].name)
    // Keras 2 allows layer names with a slash.
    while index(of: name) != nil { name += "_" }
    result.nodes.append(
      Graph.Node(
        name: name, operation: .binaryLogits, inputs: [output], activation: .softmax, shape: [2]))
    result.output = nodes.count
    return result
  }

  /// The graph with its two classes replaced by one sigmoid output; nil if it does not end in the
  /// softmax of ``Graph/Operation/binaryLogits``.
  public var joiningSigmoid: Graph? {
    let end = nodes[output]
    guard end.operation == .binaryLogits, end.activation == .softmax, output == nodes.count - 1
    else { return nil }
    var result = self
    var unit = end.inputs[0]
    // The sigmoid returns to the layer that had it, not to a node after that layer.
    while !end.name.hasPrefix(Self.sigmoidName(nodes[unit].name)), passesElement(unit) {
      unit = nodes[unit].inputs[0]
    }
    if end.name.hasPrefix(Self.sigmoidName(nodes[unit].name)), nodes[unit].activation == .linear {
      result.nodes[unit] = nodes[unit].with(activation: .sigmoid)
      result.nodes.removeLast()
      result.output = end.inputs[0]
    } else {
      result.nodes[output] = Graph.Node(
        name: end.name, operation: .activation, inputs: end.inputs, activation: .sigmoid,
        shape: [1])
    }
    return result
  }

  /// The name of the two-class node that replaces the sigmoid of a layer.
  private static func sigmoidName(_ layer: String) -> String { "\(layer)/sigmoid" }

  /// Returns the node that computes the single element of a node.
  private func unit(at index: Int) -> Int {
    var index = index
    while passesElement(index) { index = nodes[index].inputs[0] }
    return index
  }

  /// Whether a node returns the single element that it reads.
  private func passesElement(_ index: Int) -> Bool {
    let node = nodes[index]
    guard node.activation == .linear, node.inputs.count == 1, node.elementCount == 1,
      nodes[node.inputs[0]].elementCount == 1
    else { return false }
    // Sums, products, maxima and moved elements of one element are that element.
    let facts = node.operation.facts
    return facts.weights.isEmpty && facts.affine(channels: 1) == nil
      && facts.channelRelation != .mixed
  }
}

extension Graph.Node {
  fileprivate func with(activation: Activation) -> Graph.Node {
    Graph.Node(
      name: name, operation: operation, inputs: inputs, activation: activation, shape: shape)
  }
}
