/// A 2-D convolution of each channel with kernels of its own.
public struct DepthwiseConvolution: Sendable, Hashable {
  /// `[height, width, channels, multiplier]`; output channel = channel * multiplier + m.
  public var kernel: Tensor
  /// `[channels * multiplier]`.
  public var bias: Tensor?
  /// The step between windows.
  public var strides: Extent
  /// The distance between the taps of the kernel.
  public var dilation: Extent
  /// The treatment of borders.
  public var padding: Padding

  /// Creates a depthwise convolution.
  public init(
    kernel: Tensor, bias: Tensor? = nil, strides: Extent = .one, dilation: Extent = .one,
    padding: Padding = .valid
  ) {
    self.kernel = kernel
    self.bias = bias
    self.strides = strides
    self.dilation = dilation
    self.padding = padding
  }

  /// The windows that the kernel slides over an image.
  var window: Window {
    Window(
      Extent(kernel.shape[0], kernel.shape[1]), strides: strides, dilation: dilation,
      padding: padding)
  }
}

extension DepthwiseConvolution: OperationFacts {
  package var operation: Graph.Operation { .depthwiseConvolution(self) }
  package var displayName: String { "depthwise convolution" }
  package var channelRelation: ChannelRelation { .apart }
  package var channelKernel: WeightRole? { .depthwiseKernel }

  package var windows: Window? { window }

  package func resultShape(of inputs: [[Int]]) throws(OperationError) -> [Int] {
    let (height, width, channels) = try image(inputs[0])
    guard kernel.shape.count == 4, kernel.shape[2] == channels, kernel.shape[3] > 0 else {
      throw OperationError(
        "its depthwise kernel has shape \(kernel.shape) for \(channels) channels")
    }
    let (rows, columns) = try window.counts(height: height, width: width)
    try check(bias, "bias", [channels * kernel.shape[3]])
    return [rows, columns, channels * kernel.shape[3]]
  }

  package mutating func updateWeights(_ body: (WeightRole, inout Tensor) throws -> Void) rethrows {
    try body(.depthwiseKernel, &kernel)
    try bias.update(.bias, body)
  }

  package func fans(of role: WeightRole) -> Fans? {
    guard role == .depthwiseKernel else { return nil }
    let taps = kernel.shape[0] * kernel.shape[1]
    return Fans(incoming: taps, outgoing: taps * kernel.shape[3])
  }

  package func multiplyAdds(input: [Int], output: [Int]) -> Int {
    output.dropLast().reduce(1, *) * kernel.count
  }

  package var keepsZeros: Bool { bias.isZero }
  package var ignoresInput: Bool { kernel.isZero }

  package var coefficients: [Coefficients] {
    [
      Coefficients(name: "kernel", values: kernel.values),
      Coefficients(name: "bias", values: bias?.values ?? []),
    ]
  }
}
