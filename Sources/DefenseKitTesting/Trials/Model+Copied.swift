internal import DefenseKit

extension Model {
  /// Returns an equal model whose weights share no memory with this one's.
  ///
  /// Swift copies arrays on write, but a plugin that writes through a pointer changes all copies.
  func copied() throws -> Model {
    var graph = try Graph(inputShape: self.graph.inputShape, inputName: self.graph.nodes[0].name)
    for node in self.graph.nodes.dropFirst() {
      try graph.append(
        node.name, node.operation.copied, inputs: node.inputs, activation: node.activation)
    }
    graph.setOutput(self.graph.output)
    return Model(graph: graph, preprocessing: preprocessing, name: name, source: source)
  }
}

extension Graph.Operation {
  fileprivate var copied: Graph.Operation {
    var result = self
    result.updateWeights { $1 = Tensor(shape: $1.shape, values: $1.values.map { $0 }) }
    return result
  }
}

extension LabelledImages {
  /// Equal images that share no memory with these.
  var copied: LabelledImages {
    LabelledImages(
      imageShape: imageShape, bytes: bytes.map { $0 }, labels: labels.map { $0 }, name: name,
      white: white)
  }

  /// Returns the images as floats in an array that shares no memory with them.
  func floats() throws(DataError) -> CleanData {
    try CleanData(
      ArraySource(bytes.map { Float($0) }, imageShape: imageShape), labels: labels.map { $0 },
      name: name)
  }
}
