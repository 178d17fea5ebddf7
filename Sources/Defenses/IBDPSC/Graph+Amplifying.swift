internal import DefenseKit

extension Graph {
  /// Returns the batch normalizations by their depth, the longest path from the input, nearest to
  /// the input first; of equal depths the earlier node comes first.
  ///
  /// Not in the file's order, in which the normalization of a shortcut may come anywhere.
  func normalizationsByDepth() -> [String] {
    var depths: [Int] = []
    for node in nodes { depths.append(node.inputs.reduce(0) { max($0, depths[$1] + 1) }) }
    let places = normalizations.compactMap { index(of: $0) }
    return places.sorted { (depths[$0], $0) < (depths[$1], $1) }.map { nodes[$0].name }
  }

  /// Returns the graph with gamma and beta of some batch normalizations multiplied by a factor.
  ///
  /// - Throws: `GraphError` if a product is not finite.
  func amplifying(_ normalizations: some Sequence<String>, by factor: Float) throws -> Graph {
    var graph = self
    for name in normalizations {
      var layer = try graph.batchNormalization(name)
      func scaled(_ tensor: Tensor) -> Tensor {
        Tensor(shape: tensor.shape, values: tensor.values.map { factor * $0 })
      }
      layer.gamma = scaled(layer.gamma ?? Tensor(shape: layer.mean.shape, repeating: 1))
      layer.beta = layer.beta.map(scaled)
      graph = try graph.replacing(name, with: .batchNormalization(layer))
    }
    return graph
  }
}
