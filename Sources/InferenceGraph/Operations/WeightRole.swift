/// The role of a weight tensor in its layer.
public enum WeightRole: String, Sendable, Hashable, CaseIterable {
  /// The kernel of a convolution or a dense layer.
  case kernel
  /// The kernel of a depthwise convolution, or of the first part of a separable convolution.
  case depthwiseKernel
  /// The kernel of the second part of a separable convolution.
  case pointwiseKernel
  /// The number added to each channel of a product.
  case bias
  /// The factor of each channel of a normalization.
  case gamma
  /// The offset of each channel of a normalization.
  case beta
  /// The factor of each channel below zero.
  case alpha
  /// The mean that a batch normalization subtracts.
  case movingMean
  /// The variance that a batch normalization divides by.
  case movingVariance

  /// Whether the layer multiplies inputs by the weight and sums; such weights decay in training.
  public var isKernel: Bool {
    switch self {
    case .kernel, .depthwiseKernel, .pointwiseKernel: true
    case .bias, .gamma, .beta, .alpha, .movingMean, .movingVariance: false
    }
  }

  /// Whether training updates the weight by its gradient; moving statistics are averages instead.
  public var isTrained: Bool {
    switch self {
    case .kernel, .depthwiseKernel, .pointwiseKernel, .bias, .gamma, .beta, .alpha: true
    case .movingMean, .movingVariance: false
    }
  }

  /// The role's name, for messages.
  public var displayName: String {
    switch self {
    case .kernel: "kernel"
    case .depthwiseKernel: "depthwise kernel"
    case .pointwiseKernel: "pointwise kernel"
    case .bias: "bias"
    case .gamma: "gamma"
    case .beta: "beta"
    case .alpha: "alpha"
    case .movingMean: "moving mean"
    case .movingVariance: "moving variance"
    }
  }

  /// The value of all elements in a new layer; nil for a kernel, which is random.
  package var initialValue: Float? {
    switch self {
    case .kernel, .depthwiseKernel, .pointwiseKernel: nil
    case .bias, .beta, .alpha, .movingMean: 0
    case .gamma, .movingVariance: 1
    }
  }

  /// The number of last axes that hold the channels.
  package var channelAxes: Int { self == .depthwiseKernel ? 2 : 1 }
}
