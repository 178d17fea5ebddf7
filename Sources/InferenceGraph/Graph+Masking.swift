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

extension Operation {
  /// Whether weights of the operation belong to single channels of its result.
  var hasOwnChannels: Bool {
    switch self {
    case .convolution, .depthwiseConvolution, .separableConvolution, .dense: true
    default: false
    }
  }

  /// Whether the operation has a convolution kernel.
  var isConvolution: Bool {
    switch self {
    case .convolution, .depthwiseConvolution, .separableConvolution: true
    default: false
    }
  }

  /// Whether each channel of the result depends on the same channel of the only input alone.
  ///
  /// Operations with a kernel are not counted, nor those that move channels.
  var keepsChannelsApart: Bool {
    switch self {
    case .activation, .trainingOnly, .pooling, .globalPooling, .batchNormalization, .rescaling: true
    default: false
    }
  }

  /// Returns the operation with the weights of some of its channels set to zero.
  func maskingChannels(_ channels: [Int], zeroingBias: Bool) -> Operation {
    func masked(_ bias: Tensor?) -> Tensor? {
      zeroingBias ? bias?.zeroing(channels, axis: 0) : bias
    }
    switch self {
    case .convolution(var c):
      c.kernel = c.kernel.zeroing(channels, axis: 3)
      c.bias = masked(c.bias)
      return .convolution(c)
    case .depthwiseConvolution(var c):
      // Channel and multiplier are the last two axes: together they count the output channels.
      let shape = c.kernel.shape
      let flat = Tensor(
        shape: [shape[0], shape[1], shape[2] * shape[3]], values: c.kernel.values)
      c.kernel = Tensor(shape: shape, values: flat.zeroing(channels, axis: 2).values)
      c.bias = masked(c.bias)
      return .depthwiseConvolution(c)
    case .separableConvolution(var c):
      c.pointwise = c.pointwise.zeroing(channels, axis: 3)
      c.bias = masked(c.bias)
      return .separableConvolution(c)
    case .dense(var d):
      d.kernel = d.kernel.zeroing(channels, axis: 1)
      d.bias = masked(d.bias)
      return .dense(d)
    default:
      return self
    }
  }
}
