internal import DefenseKit

extension Model {
  /// Returns a model with equal weights in memory of their own.
  ///
  /// Swift's arrays are copied on write, but a plugin that writes through a pointer changes all copies.
  func copied() throws -> Model {
    var graph = try Graph(inputShape: self.graph.inputShape, inputName: self.graph.nodes[0].name)
    for node in self.graph.nodes.dropFirst() {
      try graph.append(
        node.name, node.operation.copied, inputs: node.inputs, activation: node.activation)
    }
    graph.setOutput(self.graph.output)
    return Model(graph: graph, inputScale: inputScale, name: name, source: source)
  }
}

extension DefenseKit.Operation {
  fileprivate var copied: DefenseKit.Operation {
    var result = self
    result.updateWeights { $1 = Tensor(shape: $1.shape, values: $1.values.map { $0 }) }
    return result
  }
}

extension LabelledImages {
  /// Returns equal images in memory of their own.
  var copied: LabelledImages {
    LabelledImages(
      imageShape: imageShape, bytes: bytes.map { $0 }, labels: labels.map { $0 }, name: name,
      white: white)
  }

  /// The images as floats in an array, in memory of their own.
  func floats() throws(DataError) -> CleanData {
    try CleanData(
      ArraySource(bytes.map { Float($0) }, imageShape: imageShape), labels: labels.map { $0 },
      name: name)
  }
}
