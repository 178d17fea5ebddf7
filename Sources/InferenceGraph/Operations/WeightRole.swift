/// What a weight tensor is to its layer.
public enum WeightRole: String, Sendable, Hashable, CaseIterable {
  /// The kernel of a convolution or a dense layer.
  case kernel
  /// The kernel of a depthwise convolution, or of a separable one's first part.
  case depthwiseKernel
  /// The kernel of a separable convolution's second part.
  case pointwiseKernel
  /// What is added to each channel of a product.
  case bias
  /// What a normalization multiplies each channel by.
  case gamma
  /// What a normalization adds to each channel.
  case beta
  /// The mean that a batch normalization subtracts.
  case movingMean
  /// The variance that a batch normalization divides by.
  case movingVariance

  /// Whether inputs are multiplied by it and summed; such weights decay in training.
  public var isKernel: Bool {
    switch self {
    case .kernel, .depthwiseKernel, .pointwiseKernel: true
    case .bias, .gamma, .beta, .movingMean, .movingVariance: false
    }
  }

  /// Whether training follows its gradient; moving statistics are averages instead.
  public var isTrained: Bool {
    switch self {
    case .kernel, .depthwiseKernel, .pointwiseKernel, .bias, .gamma, .beta: true
    case .movingMean, .movingVariance: false
    }
  }

  /// The role in words.
  public var displayName: String {
    switch self {
    case .kernel: "kernel"
    case .depthwiseKernel: "depthwise kernel"
    case .pointwiseKernel: "pointwise kernel"
    case .bias: "bias"
    case .gamma: "gamma"
    case .beta: "beta"
    case .movingMean: "moving mean"
    case .movingVariance: "moving variance"
    }
  }

  /// What it holds in a fresh layer; nil for a kernel, which is random.
  package var initialValue: Float? {
    switch self {
    case .kernel, .depthwiseKernel, .pointwiseKernel: nil
    case .bias, .beta, .movingMean: 0
    case .gamma, .movingVariance: 1
    }
  }

  /// The number of last axes that together count channels.
  package var channelAxes: Int { self == .depthwiseKernel ? 2 : 1 }
}
