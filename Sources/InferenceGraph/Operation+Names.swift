extension Operation {
  /// The operation's name in the field's terms, for messages and listings.
  public var displayName: String {
    switch self {
    case .input: "input"
    case .convolution(let c): c.groups == 1 ? "convolution" : "grouped convolution"
    case .depthwiseConvolution: "depthwise convolution"
    case .separableConvolution: "separable convolution"
    case .pooling(let p): "\(p.kind.rawValue) pooling"
    case .globalPooling(let kind, _): "global \(kind.rawValue) pooling"
    case .dense: "dense"
    case .batchNormalization: "batch normalization"
    case .rescaling: "rescaling"
    case .flatten: "flatten"
    case .reshape: "reshape"
    case .zeroPadding: "zero padding"
    case .activation: "activation"
    case .add: "add"
    case .multiply: "multiply"
    case .concatenate: "concatenate"
    case .binaryLogits: "binary logits"
    case .trainingOnly: "identity at inference"
    }
  }

  /// All weights, in Keras's order for the layer.
  public var weights: [Tensor] {
    switch self {
    case .convolution(let c): [c.kernel] + (c.bias.map { [$0] } ?? [])
    case .depthwiseConvolution(let c): [c.kernel] + (c.bias.map { [$0] } ?? [])
    case .separableConvolution(let c):
      [c.depthwise.kernel, c.pointwise] + (c.bias.map { [$0] } ?? [])
    case .dense(let d): [d.kernel] + (d.bias.map { [$0] } ?? [])
    case .batchNormalization(let b): [b.gamma, b.beta, b.mean, b.variance].compactMap { $0 }
    default: []
    }
  }
}
