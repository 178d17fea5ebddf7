/// A fully connected layer: y = x W + b along the last axis.
public struct Dense: Sendable, Hashable {
  /// `[inputs, units]`.
  public var kernel: Tensor
  /// `[units]`.
  public var bias: Tensor?

  /// Creates a dense layer.
  public init(kernel: Tensor, bias: Tensor? = nil) {
    self.kernel = kernel
    self.bias = bias
  }
}

extension Dense: OperationFacts {
  package var operation: Graph.Operation { .dense(self) }
  package var displayName: String { "dense" }
  package var channelRelation: ChannelRelation { .mixed }
  package var channelKernel: WeightRole? { .kernel }

  package func resultShape(of inputs: [[Int]]) throws(OperationError) -> [Int] {
    guard kernel.shape.count == 2, let features = inputs[0].last else {
      throw OperationError("its kernel has shape \(kernel.shape)")
    }
    let units = kernel.shape[1]
    try check(kernel, "kernel", [features, units])
    try check(bias, "bias", [units])
    return inputs[0].dropLast() + [units]
  }

  package mutating func updateWeights(_ body: (WeightRole, inout Tensor) throws -> Void) rethrows {
    try body(.kernel, &kernel)
    try bias.update(.bias, body)
  }

  package func fans(of role: WeightRole) -> Fans? {
    role == .kernel ? Fans(incoming: kernel.shape[0], outgoing: kernel.shape[1]) : nil
  }

  package func multiplyAdds(input: [Int], output: [Int]) -> Int {
    output.dropLast().reduce(1, *) * kernel.count
  }

  package var keepsZeros: Bool { bias.isZero }
  package var ignoresInput: Bool { kernel.isZero }
}
