extension Graph {
  /// Returns the graph with the kernel slices and, by default, the biases of some channels of a
  /// layer set to zero.
  ///
  /// All shapes stay the same. A masked channel of the layer becomes f(0), where f is the
  /// activation; after a batch normalization it is a constant that can differ from zero.
  ///
  /// - Parameters:
  ///   - channels: Positions along the last axis of the layer's result, in any order.
  ///   - layer: The name of a convolution (of any kind) or a dense layer.
  ///   - zeroingBias: Whether to set the channels' biases to zero too.
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
  /// These are the convolutions of all kinds and the dense layers that the output depends on.
  /// Layers whose channels are the classes (no layer that mixes channels follows) are excluded.
  public var prunableLayers: [String] {
    let reaching = reachingOutput
    return nodes.indices
      .filter { nodes[$0].operation.hasOwnChannels && reaching[$0] && !isHead($0) }
      .map { nodes[$0].name }
  }

  /// Returns the index of a layer with channels of its own.
  ///
  /// - Throws: ``GraphError`` if there is no such layer or it lacks one of the channels.
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
