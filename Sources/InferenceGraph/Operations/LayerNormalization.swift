/// Layer or group normalization: gamma * (x - mean) / sqrt(variance + epsilon) + beta, with mean
/// and (biased) variance of an image's own elements.
///
/// Sources: Ba, Kiros and Hinton, "Layer Normalization", 2016; Wu and He, "Group Normalization",
/// ECCV 2018.
public struct LayerNormalization: Sendable, Hashable {
  /// The elements that share a mean and a variance.
  public enum Scope: Sendable, Hashable {
    /// The channels at one position: layer normalization over the last axis.
    case position
    /// All positions of each of this number of groups of adjacent channels: group normalization.
    /// With one channel a group it is instance normalization.
    case groups(Int)
  }

  /// The scale, `[channels]`; nil means 1.
  public var gamma: Tensor?
  /// The offset, `[channels]`; nil means 0.
  public var beta: Tensor?
  /// The elements that share a mean and a variance.
  public var scope: Scope
  /// Added to the variance; Keras's default is 1e-3.
  public var epsilon: Float

  /// Creates a normalization.
  public init(
    gamma: Tensor?, beta: Tensor?, over scope: Scope = .position, epsilon: Float = 1e-3
  ) {
    self.gamma = gamma
    self.beta = beta
    self.scope = scope
    self.epsilon = epsilon
  }
}

extension LayerNormalization: OperationFacts {
  package var operation: Graph.Operation { .layerNormalization(self) }
  package var displayName: String {
    switch scope {
    case .position: "layer normalization"
    case .groups: "group normalization"
    }
  }
  package var channelRelation: ChannelRelation { .mixed }
  package var carriesVariance: Bool { true }
  package var keepsZeros: Bool { beta.isZero }
  package var ignoresInput: Bool { gamma?.isZero ?? false }

  package func resultShape(of inputs: [[Int]]) throws(OperationError) -> [Int] {
    guard let channels = inputs[0].last else { throw OperationError("its input is empty") }
    if case .groups(let count) = scope, count < 1 || channels % count != 0 {
      throw OperationError("\(count) groups do not divide \(channels) channels")
    }
    try check(gamma, "gamma", [channels])
    try check(beta, "beta", [channels])
    return inputs[0]
  }

  package mutating func updateWeights(_ body: (WeightRole, inout Tensor) throws -> Void) rethrows {
    try gamma.update(.gamma, body)
    try beta.update(.beta, body)
  }

  package var coefficients: [Coefficients] {
    [
      Coefficients(name: "scale", values: gamma?.values ?? [], isScale: true),
      Coefficients(name: "offset", values: beta?.values ?? []),
    ]
  }

  /// The number of groups; 0 for layer normalization.
  package var groupCount: Int32 {
    switch scope {
    case .position: 0
    case .groups(let count): Int32(count)
    }
  }
}
