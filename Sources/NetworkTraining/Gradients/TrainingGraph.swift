internal import InferenceGraph

/// A graph in the form for differentiation: ``Normalized``, without nodes that the class scores do
/// not depend on. The loss computes a final softmax.
struct TrainingGraph {
  private(set) var nodes: [TrainingNode] = []
  /// The node of the logits.
  private(set) var output = 0
  /// By node of the graph: the node with its value, if the output depends on it.
  private(set) var places: [Int: Int] = [:]

  /// - Parameter isTraining: Whether layers that are active only in training are active.
  init(_ model: Model, _ parameters: Parameters, isTraining: Bool) {
    let graph = model.graph
    let normal = Normalized(
      graph, preprocessing: model.preprocessing, for: .training(noise: isTraining))
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
