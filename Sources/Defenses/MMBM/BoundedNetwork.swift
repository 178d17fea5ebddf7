internal import DefenseKit

/// A network in which no channel of some layers exceeds its bound: min(h, w) = w - relu(w - h).
struct BoundedNetwork {
  /// The layers whose channels are bounded.
  let layers: [String]
  /// The names of the nodes w - h, with a rectifier, one for each layer.
  private(set) var gaps: [String] = []
  /// The names of the nodes w - relu(w - h), one for each layer.
  private(set) var minima: [String] = []
  private(set) var model: Model

  /// An affine map of every channel that turns z into w - z.
  private enum Map {
    case rescaling
    case normalization

    func operation(_ bounds: [Float]) -> Graph.Operation {
      switch self {
      case .rescaling: return .rescaling(Rescaling(scale: [-1], offset: bounds))
      case .normalization:
        let shape = [bounds.count]
        return .batchNormalization(
          BatchNormalization(
            gamma: Tensor(shape: shape, repeating: -1), beta: Tensor(shape: shape, values: bounds),
            mean: Tensor(shape: shape, repeating: 0), variance: Tensor(shape: shape, repeating: 1),
            epsilon: 0))
      }
    }
  }

  /// Inserts bounds behind layers.
  ///
  /// - Parameters:
  ///   - suspect: The network.
  ///   - layers: Names of nodes other than the output.
  ///   - bounds: The bounds of each layer's channels.
  ///   - isTrained: Whether the bounds are to be weights (the betas of normalizations) instead of
  ///     constants.
  /// - Throws: `GraphError`, never for nodes of the network.
  init(
    _ suspect: Model, layers: [String], bounds: [[Float]], isTrained: Bool = false
  ) throws(GraphError) {
    self.layers = layers
    let old = suspect.graph
    let map = isTrained ? Map.normalization : .rescaling
    let taken = Set(old.nodes.map(\.name))
    func free(_ name: String) -> String {
      var result = name
      while taken.contains(result) { result += "_" }
      return result
    }
    var graph = try Graph(inputShape: old.inputShape, inputName: old.nodes[0].name)
    var places = [0: 0]
    for (index, node) in old.nodes.enumerated() {
      if index > 0 {
        places[index] = try graph.append(
          node.name, node.operation, inputs: node.inputs.map { places[$0] ?? 0 },
          activation: node.activation)
      }
      guard let layer = layers.firstIndex(of: node.name), let place = places[index] else {
        continue
      }
      let (gap, minimum) = (free(node.name + "_below_bound"), free(node.name + "_bounded"))
      let difference = try graph.append(
        gap, map.operation(bounds[layer]), inputs: [place], activation: .relu)
      places[index] = try graph.append(
        minimum, map.operation(bounds[layer]), inputs: [difference])
    }
    for layer in layers {
      gaps.append(free(layer + "_below_bound"))
      minima.append(free(layer + "_bounded"))
    }
    graph.setOutput(places[old.output] ?? 0)
    var model = suspect
    model.graph = graph
    self.model = model
  }
}
