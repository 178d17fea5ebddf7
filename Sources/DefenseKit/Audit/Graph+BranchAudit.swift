internal import InferenceGraph
internal import ModelIO

extension Graph {
  /// How a node's output depends on the image.
  fileprivate enum Dependence { case image, constant, zero }

  /// Findings for nodes whose output is the same for every image although it is the model's output,
  /// or although the node reads, or is read by, a node that depends on the image.
  var constantBranches: [Finding] {
    let dependence = self.dependence
    let consumers = self.consumers
    return nodes.indices.compactMap { index in
      guard index > 0, dependence[index] != .image else { return nil }
      // A table that is declared as a constant.
      if case .constantValue = nodes[index].operation { return nil }
      let reader = consumers[index].first { dependence[$0] == .image }
      // A product with zeros is such a branch by itself, and the finding is that it ignores the
      // image.
      guard reader != nil || index == output || readsImage(index, dependence) else { return nil }
      let name = nodes[index].name
      let what = dependence[index] == .zero ? "is zero" : "is the same"
      let use =
        reader.map { "but '\(nodes[$0].name)' reads it" }
        ?? (index == output ? "and it is the model's output" : "although the layer reads the image")
      return Finding(
        .graphConstantBranch, at: name,
        "layer '\(name)': its output \(what) for every image, \(use)")
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
      result.append(own == .zero && !node.activation.keepsZeros ? .constant : own)
    }
    return result
  }
}

extension Graph.Operation {
  fileprivate func dependence(on inputs: [Graph.Dependence]) -> Graph.Dependence {
    if self == .input { return .image }
    if self == .multiply, inputs.contains(.zero) { return .zero }
    if ignoresInput || inputs.allSatisfy({ $0 == .zero }) { return keepsZeros ? .zero : .constant }
    return inputs.contains(.image) ? .image : .constant
  }
}
