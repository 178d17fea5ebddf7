/// A depthwise convolution followed by a 1x1 convolution, as one layer (Keras `SeparableConv2D`).
public struct SeparableConvolution: Sendable, Hashable {
  /// The spatial part; it has no bias.
  public var depthwise: DepthwiseConvolution
  /// `[1, 1, channels * multiplier, output channels]`.
  public var pointwise: Tensor
  /// `[output channels]`.
  public var bias: Tensor?

  /// Creates a separable convolution.
  public init(depthwise: DepthwiseConvolution, pointwise: Tensor, bias: Tensor? = nil) {
    self.depthwise = depthwise
    self.pointwise = pointwise
    self.bias = bias
  }

  /// The depthwise and the pointwise convolution.
  var parts: (depthwise: DepthwiseConvolution, pointwise: Convolution) {
    (depthwise, Convolution(kernel: pointwise, bias: bias))
  }
}

extension SeparableConvolution: OperationFacts {
  package var operation: Graph.Operation { .separableConvolution(self) }
  package var displayName: String { "separable convolution" }
  package var channelRelation: ChannelRelation { .mixed }
  package var channelKernel: WeightRole? { .pointwiseKernel }
  package var windows: Window? { depthwise.windows }

  package func resultShape(of inputs: [[Int]]) throws(OperationError) -> [Int] {
    let spatial = try depthwise.resultShape(of: [try imageShape(inputs[0])])
    guard pointwise.shape.count == 4 else {
      throw OperationError("its pointwise kernel has shape \(pointwise.shape)")
    }
    let filters = pointwise.shape[3]
    try check(depthwise.bias, "depthwise bias", [])
    try check(pointwise, "pointwise kernel", [1, 1, spatial[2], filters])
    try check(bias, "bias", [filters])
    return [spatial[0], spatial[1], filters]
  }

  /// Returns `shape`, or throws under this operation's name if it is not the shape of an image.
  private func imageShape(_ shape: [Int]) throws(OperationError) -> [Int] {
    _ = try image(shape)
    return shape
  }

  package mutating func updateWeights(_ body: (WeightRole, inout Tensor) throws -> Void) rethrows {
    try body(.depthwiseKernel, &depthwise.kernel)
    try body(.pointwiseKernel, &pointwise)
    try bias.update(.bias, body)
  }

  package func fans(of role: WeightRole) -> Fans? {
    switch role {
    case .depthwiseKernel:
      // The pointwise kernel lies between this one and the activation.
      var fans = depthwise.fans(of: .depthwiseKernel)
      fans?.meetsActivation = false
      return fans
    case .pointwiseKernel: return Fans(incoming: pointwise.shape[2], outgoing: pointwise.shape[3])
    default: return nil
    }
  }

  package func multiplyAdds(input: [Int], output: [Int]) -> Int {
    output.dropLast().reduce(1, *) * (depthwise.kernel.count + pointwise.count)
  }

  package var keepsZeros: Bool { bias.isZero }
  package var ignoresInput: Bool { depthwise.kernel.isZero || pointwise.isZero }

  package var coefficients: [Coefficients] {
    [
      Coefficients(name: "kernel", values: pointwise.values),
      Coefficients(name: "bias", values: bias?.values ?? []),
      Coefficients(name: "depthwise kernel", values: depthwise.kernel.values),
    ]
  }
}
