/// Batch normalization at inference: gamma * (x - mean) / sqrt(variance + epsilon) + beta.
///
/// The last axis holds the channels.
public struct BatchNormalization: Sendable, Hashable {
  /// The scale, `[channels]`; nil means 1.
  public var gamma: Tensor?
  /// The offset, `[channels]`; nil means 0.
  public var beta: Tensor?
  /// The moving mean, `[channels]`.
  public var mean: Tensor
  /// The moving variance, `[channels]`.
  public var variance: Tensor
  /// Added to the variance; Keras's default is 1e-3.
  public var epsilon: Float

  /// Creates a batch normalization.
  public init(
    gamma: Tensor?, beta: Tensor?, mean: Tensor, variance: Tensor, epsilon: Float = 1e-3
  ) {
    self.gamma = gamma
    self.beta = beta
    self.mean = mean
    self.variance = variance
    self.epsilon = epsilon
  }

  /// Returns the affine map that the normalization applies to one channel.
  func map(_ channel: Int) -> (scale: Double, offset: Double) {
    let deviation = (Double(variance.values[channel]) + Double(epsilon)).squareRoot()
    let scale = Double(gamma?.values[channel] ?? 1) / deviation
    return (scale, Double(beta?.values[channel] ?? 0) - scale * Double(mean.values[channel]))
  }
}

extension BatchNormalization: OperationFacts {
  package var operation: Graph.Operation { .batchNormalization(self) }
  package var displayName: String { "batch normalization" }
  package var channelRelation: ChannelRelation { .apart }

  package func resultShape(of inputs: [[Int]]) throws(OperationError) -> [Int] {
    guard let channels = inputs[0].last else { throw OperationError("its input is empty") }
    try check(gamma, "gamma", [channels])
    try check(beta, "beta", [channels])
    try check(mean, "moving mean", [channels])
    try check(variance, "moving variance", [channels])
    return inputs[0]
  }

  package mutating func updateWeights(_ body: (WeightRole, inout Tensor) throws -> Void) rethrows {
    try gamma.update(.gamma, body)
    try beta.update(.beta, body)
    try body(.movingMean, &mean)
    try body(.movingVariance, &variance)
  }

  package func affine(channels: Int) -> (scale: [Float], shift: [Float])? {
    let maps = (0..<channels).map { map($0) }
    return (maps.map { Float($0.scale) }, maps.map { Float($0.offset) })
  }

  package var keepsZeros: Bool { mean.values.indices.allSatisfy { map($0).offset == 0 } }
  package var ignoresInput: Bool { gamma?.isZero ?? false }

  /// The effective scale and offset of each channel; the scale is large where a channel varies
  /// little.
  package var coefficients: [Coefficients] {
    let scale = variance.values.indices.map { index in
      (gamma?.values[index] ?? 1) / (variance.values[index] + epsilon).squareRoot()
    }
    return [
      Coefficients(name: "scale", values: scale, isScale: true),
      Coefficients(name: "offset", values: beta?.values ?? []),
    ]
  }
}
