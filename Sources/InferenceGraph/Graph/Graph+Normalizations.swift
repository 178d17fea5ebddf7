extension Graph {
  /// The names of the batch normalizations that the output depends on, in topological order.
  public var normalizations: [String] {
    let reaching = reachingOutput
    return nodes.indices.compactMap { index in
      guard case .batchNormalization = nodes[index].operation, reaching[index] else { return nil }
      return nodes[index].name
    }
  }

  /// Returns the layer that produces the input of a batch normalization.
  ///
  /// The search follows the graph backwards and skips layers that do nothing at inference, for
  /// example dropout. The order of the layers in the file does not matter: in a residual network
  /// whose blocks normalize first, a normalization need not read the convolution listed before it.
  ///
  /// - Throws: ``GraphError`` if there is no batch normalization of this name.
  public func producer(
    ofNormalization name: String
  ) throws(GraphError) -> NormalizationProducer {
    let (index, _) = try normalization(name)
    let consumers = consumers
    var (made, isShared) = (nodes[index].inputs[0], false)
    while true {
      let node = nodes[made]
      isShared = isShared || consumers[made].count > 1 || made == output
      guard node.isIdentity else { break }
      made = node.inputs[0]
    }
    let node = nodes[made]
    if node.operation == .input { return .other("the image itself") }
    if node.activation != .linear, node.operation != .activation {
      return .other("'\(node.name)' behind its activation")
    }
    if node.operation.isConvolution { return .convolution(node.name, isShared: isShared) }
    if node.operation == .add { return .sum(node.name) }
    return .other("'\(node.name)' (\(node.operation.displayName))")
  }

  /// Returns a batch normalization with gamma, beta and moving statistics.
  ///
  /// Use ``replacing(_:with:)`` to change it.
  ///
  /// - Throws: ``GraphError`` if there is no batch normalization of this name.
  public func batchNormalization(_ name: String) throws(GraphError) -> BatchNormalization {
    try normalization(name).1
  }

  /// Returns the graph with gamma and, by default, beta of some channels of a batch normalization
  /// set to zero.
  ///
  /// All shapes and the input of the normalization stay the same. If only gamma is zero, the
  /// channel is the constant beta. A normalization without gamma gets one that is 1 in all other
  /// channels. To mask channels of a convolution, use ``masking(_:of:zeroingBias:)``.
  ///
  /// - Parameters:
  ///   - channels: Positions along the last axis, in any order.
  ///   - name: The name of the normalization.
  ///   - zeroingBeta: Whether to set beta to zero too.
  /// - Throws: ``GraphError`` if there is no batch normalization of this name or a channel is out
  ///   of range.
  public func masking(
    _ channels: [Int], ofNormalization name: String, zeroingBeta: Bool = true
  ) throws(GraphError) -> Graph {
    var (index, layer) = try normalization(name)
    let count = nodes[index].channels
    if let wrong = channels.first(where: { !(0..<count).contains($0) }) {
      throw GraphError(
        node: name, "it has no channel \(wrong); its channels are 0 to \(count - 1)")
    }
    let gamma = layer.gamma ?? Tensor(shape: [count], repeating: 1)
    layer.gamma = gamma.zeroing(channels, axis: 0)
    if zeroingBeta { layer.beta = layer.beta?.zeroing(channels, axis: 0) }
    var result = self
    result.nodes[index].operation = .batchNormalization(layer)
    return result
  }

  private func normalization(
    _ name: String
  ) throws(GraphError) -> (index: Int, BatchNormalization) {
    guard let index = index(of: name), case .batchNormalization(let layer) = nodes[index].operation
    else {
      throw GraphError(
        node: name,
        "there is no such batch normalization; these are \(normalizations.joined(separator: ", "))")
    }
    return (index, layer)
  }
}

extension Graph.Node {
  /// Whether the node returns its input unchanged at inference.
  public var isIdentity: Bool {
    activation == .linear && operation.facts.isIdentity
  }
}
