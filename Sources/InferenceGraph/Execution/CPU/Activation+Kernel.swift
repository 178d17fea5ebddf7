package import CKernels

extension Activation {
  /// The activation as the kernels take it. Traps for the softmax family, which has its own steps.
  package var kernel: dk_activation {
    func make(_ function: dk_function, _ a: Float = 0, _ b: Float = 0, _ c: Float = 0)
      -> dk_activation
    { dk_activation(function: function, alpha: a, beta: b, gamma: c) }
    switch self {
    case .linear, .softmax, .logSoftmax: return make(DK_LINEAR)
    case .relu(nil, 0, 0): return make(DK_RELU)
    case .relu(let cap, let slope, let threshold):
      return make(DK_RELU_FULL, cap ?? .infinity, slope, threshold)
    case .elu(let alpha): return make(DK_ELU, alpha)
    case .selu: return make(DK_SELU)
    case .celu(let alpha): return make(DK_CELU, alpha)
    case .sigmoid: return make(DK_SIGMOID)
    case .hardSigmoid(let slope): return make(DK_HARD_SIGMOID, slope)
    case .hardSiLU: return make(DK_HARD_SILU)
    case .hardTanh: return make(DK_HARD_TANH)
    case .silu: return make(DK_SILU)
    case .tanh: return make(DK_TANH)
    case .tanhShrink: return make(DK_TANH_SHRINK)
    case .softplus: return make(DK_SOFTPLUS)
    case .softsign: return make(DK_SOFTSIGN)
    case .logSigmoid: return make(DK_LOG_SIGMOID)
    case .exponential: return make(DK_EXPONENTIAL)
    case .gelu(let approximate): return make(approximate ? DK_GELU_TANH : DK_GELU)
    case .mish: return make(DK_MISH)
    case .squareplus: return make(DK_SQUAREPLUS)
    case .hardShrink: return make(DK_HARD_SHRINK)
    case .softShrink: return make(DK_SOFT_SHRINK)
    }
  }
}
