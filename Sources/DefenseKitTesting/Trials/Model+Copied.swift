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
    switch self {
    case .convolution(var c):
      (c.kernel, c.bias) = (c.kernel.copied, c.bias?.copied)
      return .convolution(c)
    case .depthwiseConvolution(var c):
      (c.kernel, c.bias) = (c.kernel.copied, c.bias?.copied)
      return .depthwiseConvolution(c)
    case .separableConvolution(var c):
      c.depthwise.kernel = c.depthwise.kernel.copied
      c.depthwise.bias = c.depthwise.bias?.copied
      (c.pointwise, c.bias) = (c.pointwise.copied, c.bias?.copied)
      return .separableConvolution(c)
    case .dense(var d):
      (d.kernel, d.bias) = (d.kernel.copied, d.bias?.copied)
      return .dense(d)
    case .batchNormalization(var b):
      (b.gamma, b.beta) = (b.gamma?.copied, b.beta?.copied)
      (b.mean, b.variance) = (b.mean.copied, b.variance.copied)
      return .batchNormalization(b)
    default: return self
    }
  }
}

extension Tensor {
  fileprivate var copied: Tensor { Tensor(shape: shape, values: values.map { $0 }) }
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
