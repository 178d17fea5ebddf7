/// A rectifier with a learned factor for each channel: x for x >= 0, alpha * x below (He et al. 2015,
/// "Delving Deep into Rectifiers", equation 1).
public struct ParametricReLU: Sendable, Hashable {
  /// The factors of negative inputs, `[channels]`.
  public var alpha: Tensor

  /// Creates a rectifier.
  public init(alpha: Tensor) { self.alpha = alpha }
}

extension ParametricReLU: OperationFacts {
  package var operation: Graph.Operation { .parametricReLU(self) }
  package var displayName: String { "parametric rectifier" }
  package var channelRelation: ChannelRelation { .apart }
  package var keepsZeros: Bool { true }

  package func resultShape(of inputs: [[Int]]) throws(OperationError) -> [Int] {
    guard let channels = inputs[0].last else { throw OperationError("its input is empty") }
    try check(alpha, "alpha", [channels])
    return inputs[0]
  }

  package mutating func updateWeights(_ body: (WeightRole, inout Tensor) throws -> Void) rethrows {
    try body(.alpha, &alpha)
  }

  package var coefficients: [Coefficients] {
    [Coefficients(name: "alpha", values: alpha.values, isScale: false)]
  }
}
