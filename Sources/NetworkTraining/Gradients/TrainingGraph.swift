internal import InferenceGraph

/// A graph in the form in which it is differentiated: ``Normalized``, without what does not reach the
/// class scores. A softmax of the scores is left to the loss.
struct TrainingGraph {
  private(set) var nodes: [TrainingNode] = []
  /// The node that gives the logits.
  private(set) var output = 0
  /// Which of them has the value of a node of the graph with a part in its output.
  private(set) var places: [Int: Int] = [:]

  /// - Parameter isTraining: Whether layers that act in training only do.
  init(_ graph: Graph, _ parameters: Parameters, isTraining: Bool) {
    let normal = Normalized(graph, for: .training(noise: isTraining))
    let segments = Dictionary(grouping: parameters.segments, by: \.node)
    let isNeeded = normal.nodes.isNeeded(for: [0, normal.scores])
    var moved: [Int: Int] = [:]
    for (index, node) in normal.nodes.enumerated() where isNeeded[index] {
      let source = normal.sources[index]
      let weights = source.roles.compactMapValues { role in
        segments[source.node]?.first { $0.role == role }
      }
      let endsInSoftmax =
        index == normal.index[graph.output] && graph.nodes[graph.output].activation == .softmax
      moved[index] = nodes.count
      nodes.append(
        TrainingNode(
          operation: node.operation, activation: endsInSoftmax ? .linear : node.activation,
          inputs: node.inputs.map { moved[$0]! }, shape: node.shape, weights: weights))
    }
    output = moved[normal.scores]!
    for old in graph.nodes.indices { places[old] = moved[normal.index[old]] }
    places[graph.output] = output
  }
}
