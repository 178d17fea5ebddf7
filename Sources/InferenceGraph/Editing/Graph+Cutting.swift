extension Graph {
  /// The name of the node that the classifier head reads (the penultimate layer); nil if no layer
  /// with weights computes it.
  ///
  /// The classifier head is the last layer with weights that lies on every path. Layers that do
  /// nothing at inference are skipped.
  public var representation: String? {
    guard
      let head = cutNodes.last(where: { !nodes[$0].operation.weights.isEmpty }),
      var index = nodes[head].inputs.first
    else { return nil }
    while index > 0, nodes[index].isIdentity { index = nodes[index].inputs[0] }
    let isTrained = nodes[...index].contains { !$0.operation.weights.isEmpty }
    return isTrained ? nodes[index].name : nil
  }

  /// The nodes on every path from the input to the output, in order, input and output included.
  public var cutNodes: [Int] {
    let reaching = reachingOutput
    let consumers = consumers
    var found: [Int] = []
    // A node is on every path exactly if no edge leads past it.
    var furthest = 0
    for index in nodes.indices where reaching[index] {
      if furthest <= index { found.append(index) }
      for consumer in consumers[index] where reaching[consumer] {
        furthest = Swift.max(furthest, consumer)
      }
    }
    return found
  }

  /// Returns the part of the graph after a node; the node's result becomes the input.
  ///
  ///
  /// - Throws: ``GraphError`` if there is no such node, or a path bypasses it.
  public func suffix(after name: String) throws(GraphError) -> Graph {
    guard let cut = index(of: name) else {
      throw GraphError(node: name, "the model has no layer of this name")
    }
    guard cutNodes.contains(cut) else {
      throw GraphError(node: name, "another path leads around it, so the graph cannot be cut here")
    }
    let reaching = reachingOutput
    var result = try Graph(inputShape: nodes[cut].shape, inputName: name)
    var places = [cut: 0]
    for index in nodes.indices where index > cut && reaching[index] {
      let node = nodes[index]
      places[index] = try result.append(
        node.name, node.operation, inputs: node.inputs.map { places[$0]! },
        activation: node.activation)
    }
    result.setOutput(places[output]!)
    return result
  }
}
