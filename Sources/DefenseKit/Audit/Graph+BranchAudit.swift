internal import InferenceGraph
internal import ModelIO

extension Graph {
  /// Whether a node's result depends on the image.
  fileprivate enum Dependence { case image, constant, zero }

  /// Nodes whose results are the same for every image and go into ones that are not, or are the
  /// model's result.
  var constantBranches: [Finding] {
    let dependence = self.dependence
    let consumers = self.consumers
    return nodes.indices.compactMap { index in
      guard index > 0, dependence[index] != .image else { return nil }
      let reader = consumers[index].first { dependence[$0] == .image }
      // A product with zeros is itself the branch, and what it makes of the image the finding.
      guard reader != nil || index == output || readsImage(index, dependence) else { return nil }
      let name = nodes[index].name
      let what = dependence[index] == .zero ? "is zero" : "is the same"
      let use =
        reader.map { "yet '\(nodes[$0].name)' reads it" }
        ?? (index == output ? "and it is the model's result" : "although the layer reads the image")
      return Finding(
        .graphConstantBranch, at: name,
        "layer '\(name)': its result \(what) for every image, \(use)")
    }
  }

  private func readsImage(_ index: Int, _ dependence: [Dependence]) -> Bool {
    nodes[index].inputs.contains { dependence[$0] == .image }
  }

  private var dependence: [Dependence] {
    var result: [Dependence] = []
    for node in nodes {
      let inputs = node.inputs.map { result[$0] }
      let own = node.operation.dependence(on: inputs)
      result.append(own == .zero && !node.activation.keepsZero ? .constant : own)
    }
    return result
  }
}

extension InferenceGraph.Operation {
  fileprivate func dependence(on inputs: [Graph.Dependence]) -> Graph.Dependence {
    /// What becomes of the image in a product with these weights, to which an offset is added.
    func product(_ weights: [Float], _ offset: [Float]) -> Graph.Dependence {
      if weights.allSatisfy({ $0 == 0 }) || inputs == [.zero] {
        return offset.allSatisfy { $0 == 0 } ? .zero : .constant
      }
      return inputs[0]
    }
    switch self {
    case .input: return .image
    case .convolution(let c): return product(c.kernel.values, c.bias?.values ?? [])
    case .depthwiseConvolution(let c): return product(c.kernel.values, c.bias?.values ?? [])
    case .separableConvolution(let c):
      let isDead = c.depthwise.kernel.values.allSatisfy { $0 == 0 }
      return product(isDead ? [] : c.pointwise.values, c.bias?.values ?? [])
    case .dense(let d): return product(d.kernel.values, d.bias?.values ?? [])
    case .batchNormalization(let b):
      let beta = b.beta?.values ?? []
      // Without beta a zero becomes -mean * scale.
      return product(b.gamma?.values ?? [1], inputs == [.zero] ? b.mean.values + beta : beta)
    case .rescaling(let r): return product(r.scale, r.offset)
    case .multiply where inputs.contains(.zero): return .zero
    case .add, .multiply, .concatenate:
      if inputs.contains(.image) { return .image }
      return inputs.contains(.constant) ? .constant : .zero
    default: return inputs[0]
    }
  }
}

extension Activation {
  /// Whether zero stays zero.
  fileprivate var keepsZero: Bool {
    switch self {
    case .sigmoid, .hardSigmoid, .softplus, .logSigmoid, .exponential, .squareplus, .softmax,
      .logSoftmax:
      false
    case .relu(_, let slope, let threshold): threshold <= 0 || slope == 0
    default: true
    }
  }
}
