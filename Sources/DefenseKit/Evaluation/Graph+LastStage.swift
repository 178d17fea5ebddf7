public import InferenceGraph

extension Graph {
  /// The name of the layer that the last stage reads; nil without a convolution.
  ///
  /// It is the last layer that every image passes through, behind the first convolution and before
  /// the last one (``lastConvolution``), and with more pixels than the last convolution's result. If
  /// none has more, it is the last such layer of any size; if there is none, the last convolution.
  ///
  /// In a residual network it is the result of the last stage but one, in a plain network the last
  /// result before the last pooling that a convolution follows.
  public var lastStageInput: String? {
    guard let name = lastConvolution, let last = index(of: name) else { return nil }
    func pixels(_ index: Int) -> Int { nodes[index].shape.dropLast().reduce(1, *) }
    let isConvolution = nodes.map { $0.operation.windows != nil && !$0.operation.weights.isEmpty }
    let first = isConvolution.firstIndex(of: true) ?? last
    let inner = cutNodes.filter { (first..<last).contains($0) && nodes[$0].shape.count == 3 }
    let input = inner.last { pixels($0) > pixels(last) } ?? inner.last ?? last
    return nodes[input].name
  }
}
