extension Graph {
  /// Returns the graph with another operation for a node. Names, inputs, activations and shapes
  /// stay the same.
  ///
  /// - Parameters:
  ///   - name: The node's name.
  ///   - operation: The new operation, for the same inputs.
  /// - Throws: ``GraphError`` if there is no such node or it is the input, or if the operation does
  ///   not accept its inputs, changes the shape, or has a weight that is not finite.
  public func replacing(
    _ name: String, with operation: Graph.Operation
  ) throws(GraphError) -> Graph {
    guard let index = index(of: name), index > 0, operation != .input else {
      throw GraphError(
        node: name, "the graph has no such layer, and its input cannot be replaced")
    }
    let node = nodes[index]
    let shape = try operation.inferredShape(
      inputs: node.inputs.map { nodes[$0].shape }, activation: node.activation, node: name)
    guard shape == node.shape else {
      throw GraphError(
        node: name, "\(operation.displayName) has the output shape \(shape), not \(node.shape)")
    }
    for (role, tensor) in operation.namedWeights {
      if let place = tensor.firstNonFinite {
        throw GraphError(
          node: name, "element \(place) of the new \(role.displayName) is not finite")
      }
    }
    var result = self
    result.nodes[index].operation = operation
    return result
  }
}
