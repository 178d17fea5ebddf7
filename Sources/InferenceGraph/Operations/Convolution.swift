/// A 2-D convolution (cross-correlation, as usual in deep learning).
public struct Convolution: Sendable, Hashable {
  /// `[height, width, input channels / groups, output channels]`.
  public var kernel: Tensor
  /// `[output channels]`.
  public var bias: Tensor?
  /// The step between windows.
  public var strides: Extent
  /// The distance between the taps of the kernel.
  public var dilation: Extent
  /// The treatment of borders.
  public var padding: Padding
  /// The number of groups into which input and output channels are split.
  public var groups: Int

  /// Creates a convolution.
  public init(
    kernel: Tensor, bias: Tensor? = nil, strides: Extent = .one, dilation: Extent = .one,
    padding: Padding = .valid, groups: Int = 1
  ) {
    self.kernel = kernel
    self.bias = bias
    self.strides = strides
    self.dilation = dilation
    self.padding = padding
    self.groups = groups
  }

  /// The windows that the kernel slides over an image.
  package var window: Window {
    Window(
      Extent(kernel.shape[0], kernel.shape[1]), strides: strides, dilation: dilation,
      padding: padding)
  }
}

extension Convolution: OperationFacts {
  package var operation: Graph.Operation { .convolution(self) }
  package var displayName: String { groups == 1 ? "convolution" : "grouped convolution" }
  package var channelRelation: ChannelRelation { .mixed }
  package var channelKernel: WeightRole? { .kernel }

  package var windows: Window? { window }

  package func resultShape(of inputs: [[Int]]) throws(OperationError) -> [Int] {
    let (height, width, channels) = try image(inputs[0])
    guard kernel.shape.count == 4 else {
      throw OperationError("its kernel has shape \(kernel.shape)")
    }
    let filters = kernel.shape[3]
    guard groups > 0, filters > 0, channels % groups == 0, filters % groups == 0 else {
      throw OperationError(
        "\(groups) groups do not divide \(channels) input and \(filters) output channels")
    }
    let (rows, columns) = try window.counts(height: height, width: width)
    try check(kernel, "kernel", [kernel.shape[0], kernel.shape[1], channels / groups, filters])
    try check(bias, "bias", [filters])
    return [rows, columns, filters]
  }

  package mutating func updateWeights(_ body: (WeightRole, inout Tensor) throws -> Void) rethrows {
    try body(.kernel, &kernel)
    try bias.update(.bias, body)
  }

  package func fans(of role: WeightRole) -> Fans? {
    guard role == .kernel else { return nil }
    let shape = kernel.shape
    let taps = shape[0] * shape[1]
    return Fans(incoming: taps * shape[2], outgoing: taps * shape[3] / groups)
  }

  package func multiplyAdds(input: [Int], output: [Int]) -> Int {
    output.dropLast().reduce(1, *) * kernel.count
  }

  package var keepsZeros: Bool { bias.isZero }
  package var ignoresInput: Bool { kernel.isZero }
}
