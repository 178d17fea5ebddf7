import InferenceGraph

/// Export of zero insertion followed by a convolution as one Keras layer.
extension KerasExport {
  /// Returns the convolutions that form a transposed convolution with their input node, by node
  /// index.
  static func transposedConvolutions(_ graph: Graph) -> [Int: KerasTransposedWindow] {
    let consumers = graph.consumers
    var result: [Int: KerasTransposedWindow] = [:]
    for (index, node) in graph.nodes.enumerated() {
      guard case .convolution(let c) = node.operation, let before = node.inputs.first,
        consumers[before].count == 1, before != graph.output,
        graph.nodes[before].activation == .linear,
        case .rearrange(.zeroInsertion(let rows, let columns)) = graph.nodes[before].operation
      else { continue }
      result[index] = KerasTransposedWindow(
        c, strides: Extent(rows, columns), over: graph.nodes[graph.nodes[before].inputs[0]].shape)
    }
    return result
  }

  /// Adds a convolution as a transposed one; `inputs` are those of the zero insertion.
  mutating func add(
    _ node: Graph.Node, _ name: String, inputs: [Int], _ window: KerasTransposedWindow
  ) throws(GraphError) -> Int {
    guard case .convolution(let c) = node.operation else {
      preconditionFailure("a transposed convolution is a convolution")
    }
    var layer = KerasExportLayer(
      name: name, className: "Conv2DTranspose", config: window.config, inputs: inputs)
    layer.config["filters"] = JSON(c.kernel.shape[3])
    layer.config["use_bias"] = .bool(c.bias != nil)
    layer.weights = [("kernel", c.kernel.transposedKernel)]
    if let bias = c.bias { layer.weights.append(("bias", bias)) }
    return try add(layer, of: node)
  }
}

extension Graph.Node {
  /// Whether the node only inserts zeros between pixels, the first part of a transposed
  /// convolution.
  var isZeroInsertion: Bool {
    if case .rearrange(.zeroInsertion) = operation { return activation == .linear }
    return false
  }
}
