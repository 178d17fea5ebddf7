internal import DefenseKit

extension Graph {
  /// Returns the names of the layers whose outputs are compared: convolutions other than 1x1,
  /// rectifiers and dense layers, in the graph's order.
  ///
  /// A layer with an activation counts once, with the activation's result.
  var observedLayers: [String] {
    nodes.filter { node in
      if case .relu = node.activation { return true }
      if case .convolution(let layer) = node.operation {
        return layer.kernel.shape.prefix(2) != [1, 1]
      }
      if case .depthwiseConvolution = node.operation { return true }
      if case .separableConvolution = node.operation { return true }
      if case .dense = node.operation { return true }
      return false
    }.map(\.name)
  }
}
