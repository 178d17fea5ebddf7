public import InferenceGraph

extension Activation {
  /// Every function, those with parameters in several forms.
  public static let each: [Activation] = [
    .linear, .relu, .relu(cap: 1), .relu(slope: 0.2), .relu(cap: 2, slope: 0.1, threshold: 0.25),
    .relu(threshold: -0.5), .elu(), .elu(alpha: 0.5), .selu, .celu(), .celu(alpha: 0.5), .sigmoid,
    .hardSigmoid(), .hardSigmoid(slope: 0.2), .hardSiLU, .hardTanh, .silu, .tanh, .tanhShrink,
    .softplus, .softsign, .logSigmoid, .exponential, .gelu(), .gelu(approximate: true), .mish,
    .squareplus, .hardShrink, .softShrink, .softmax, .logSoftmax,
  ]
}
