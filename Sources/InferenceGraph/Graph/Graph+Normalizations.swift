extension Graph {
  /// The batch normalizations on a way to the output, in topological order.
  public var normalizations: [String] {
    let reaching = reachingOutput
    return nodes.indices.compactMap { index in
      guard case .batchNormalization = nodes[index].operation, reaching[index] else { return nil }
      return nodes[index].name
    }
  }

  /// Returns what makes the input of a batch normalization.
  ///
  /// It is found by following the graph backwards, past layers that do nothing at inference, such as
  /// dropout. The order in which layers are listed says nothing: in a residual network whose blocks
  /// normalize first, the convolution listed before a normalization need not be the one it reads.
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
      guard node.doesNothing else { break }
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

  /// Returns a batch normalization, with gamma, beta and moving statistics.
  ///
  /// ``replacing(_:with:)`` puts another one in its place.
  ///
  /// - Throws: ``GraphError`` if there is no batch normalization of this name.
  public func batchNormalization(_ name: String) throws(GraphError) -> BatchNormalization {
    try normalization(name).1
  }

  /// Makes channels of a batch normalization zero: gamma and, as a rule, beta are zero there.
  ///
  /// The graph keeps its shapes, and what the normalization reads keeps its values. With gamma alone a
  /// channel is the constant beta. A normalization without gamma gets one, of ones elsewhere. ``masking(_:of:zeroingBias:)`` masks the channels of a
  /// convolution.
  ///
  /// - Parameters:
  ///   - channels: Positions along the last axis, in any order.
  ///   - name: The name of the normalization.
  ///   - zeroingBeta: Whether beta becomes zero too.
  /// - Throws: ``GraphError`` if there is no batch normalization of this name or a channel is out of
  ///   range.
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

extension Node {
  /// Whether the node gives what it reads, at inference.
  public var doesNothing: Bool {
    activation == .linear && operation.facts.isIdentity
  }
}
