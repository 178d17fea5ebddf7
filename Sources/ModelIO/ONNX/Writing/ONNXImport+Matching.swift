import InferenceGraph

extension ONNXImport {
  /// Whether a graph is that of the file with other weights, all of which have a place in it.
  func matches(_ graph: Graph) -> Bool {
    let own = self.graph
    guard graph.nodes.count == own.nodes.count, graph.output == own.output else { return false }
    return zip(graph.nodes, own.nodes).allSatisfy { node, old in
      guard node.name == old.name, node.inputs == old.inputs, node.activation == old.activation,
        node.shape == old.shape
      else { return false }
      if node.operation == old.operation { return true }
      let (weights, others) = (node.operation.namedWeights, old.operation.namedWeights)
      return node.operation.withoutWeights == old.operation.withoutWeights
        && weights.map(\.role) == others.map(\.role)
        && weights.map(\.tensor.shape) == others.map(\.tensor.shape)
        && zip(weights, others).allSatisfy { new, old in
          new.tensor == old.tensor || self.weights[node.name]?[new.role] != nil
        }
    }
  }

  /// Returns the weights of a graph that differ from the file's, with their places.
  ///
  /// - Parameter other: A graph that ``matches(_:)``.
  func changes(
    in other: Graph
  ) -> [(layer: String, role: WeightRole, values: [Float], place: ONNXWeight)] {
    var changes: [(layer: String, role: WeightRole, values: [Float], place: ONNXWeight)] = []
    for (new, old) in zip(other.nodes, graph.nodes) where new.operation != old.operation {
      for (weight, before) in zip(new.operation.namedWeights, old.operation.namedWeights)
      where weight.tensor != before.tensor {
        guard let place = weights[new.name]?[weight.role] else {
          preconditionFailure("a graph whose weights have no place in the file")
        }
        changes.append((new.name, weight.role, weight.tensor.values, place))
      }
    }
    return changes
  }
}
