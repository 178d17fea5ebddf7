extension Graph {
  /// Appends the part of another graph that computes its class scores: the output before a final
  /// softmax.
  ///
  /// Nodes with equal operations, weights, activations and inputs are shared.
  ///
  /// - Parameters:
  ///   - other: A graph with the same input shape; reads this graph's input.
  ///   - suffix: Appended to a node's name if a different node already has the name.
  /// - Returns: The index of the scores.
  /// - Throws: ``GraphError`` if a node cannot take this graph's input.
  public mutating func appendScores(of other: Graph, suffix: String) throws(GraphError) -> Int {
    var equals = EqualNodes()
    for (index, node) in nodes.enumerated() {
      equals.note(index, node.operation, reading: node.inputs)
    }
    let end = other.nodes[other.output]
    let endsInSoftmax = end.activation == .softmax && other.consumers[other.output].isEmpty
    var last = other.output
    if endsInSoftmax, end.operation == .activation { last = end.inputs[0] }
    let isNeeded = other.ancestors(of: last)
    var moved = [0: 0]
    for (index, node) in other.nodes.enumerated() where index != 0 && isNeeded[index] {
      let inputs = node.inputs.map { moved[$0]! }
      let activation = endsInSoftmax && index == other.output ? .linear : node.activation
      let equal = equals.candidates(node.operation, reading: inputs).first {
        nodes[$0].activation == activation && nodes[$0].operation == node.operation
      }
      if let equal {
        moved[index] = equal
        continue
      }
      let isTaken = self.index(of: node.name) != nil
      let name = unusedName(isTaken ? node.name + suffix : node.name)
      moved[index] = try append(name, node.operation, inputs: inputs, activation: activation)
      equals.note(nodes.count - 1, node.operation, reading: inputs)
    }
    return moved[last]!
  }

  /// Returns `name` if no node has it, else the name with the first free number from 2 appended.
  public func unusedName(_ name: String) -> String {
    freeName(name, isTaken: { index(of: $0) != nil }) { "\(name)_\($0)" }
  }
}
