extension Graph {
  /// Sets channels of a layer to zero: their slices of the kernel and, as a rule, their biases.
  ///
  /// The graph keeps its shapes. What the layer gives for a masked channel is f(0), f being its
  /// activation; behind a batch normalization it is a constant that need not be zero.
  ///
  /// - Parameters:
  ///   - channels: Positions along the last axis of the layer's result, in any order.
  ///   - layer: The name of a convolution (of any kind) or a dense layer.
  ///   - zeroingBias: Whether the channels' biases become zero too.
  /// - Throws: ``GraphError`` if there is no such layer, it has no channels of its own, or a
  ///   channel is out of range.
  public func masking(
    _ channels: [Int], of layer: String, zeroingBias: Bool = true
  ) throws(GraphError) -> Graph {
    let index = try indexOfChannelLayer(layer, channels)
    var result = self
    result.nodes[index].operation = nodes[index].operation
      .maskingChannels(channels, zeroingBias: zeroingBias)
    return result
  }

  /// The layers whose channels can be masked, in topological order.
  ///
  /// These are the convolutions of all kinds and the dense layers on a way to the output, without
  /// those whose channels are the classes: no other layer that mixes channels stands behind them.
  public var prunableLayers: [String] {
    let reaching = reachingOutput
    return nodes.indices
      .filter { nodes[$0].operation.hasOwnChannels && reaching[$0] && !isHead($0) }
      .map { nodes[$0].name }
  }

  /// Returns the index of a layer with channels of its own, having checked the channels.
  func indexOfChannelLayer(_ layer: String, _ channels: [Int]) throws(GraphError) -> Int {
    guard let index = index(of: layer) else {
      throw GraphError(
        node: layer,
        "there is no such layer; those with channels are \(prunableLayers.joined(separator: ", "))")
    }
    let node = nodes[index]
    guard node.operation.hasOwnChannels else {
      throw GraphError(
        node: layer,
        "\(node.operation.displayName) has no channels of its own; choose a convolution or a dense"
          + " layer: \(prunableLayers.joined(separator: ", "))")
    }
    if let wrong = channels.first(where: { !(0..<node.channels).contains($0) }) {
      throw GraphError(
        node: layer, "it has no channel \(wrong); its channels are 0 to \(node.channels - 1)")
    }
    return index
  }
}
