import InferenceGraph

extension Activation {
  /// The name, if it means the same in every version of Keras that knows it; otherwise nil.
  var kerasName: String? {
    switch self {
    case .linear: "linear"
    case .relu: self == .relu ? "relu" : nil
    case .elu(let alpha): alpha == 1 ? "elu" : nil
    case .celu(let alpha): alpha == 1 ? "celu" : nil
    case .gelu(let approximate): approximate ? nil : "gelu"
    case .hardSigmoid: nil
    case .selu: "selu"
    case .sigmoid: "sigmoid"
    case .hardSiLU: "hard_silu"
    case .hardTanh: "hard_tanh"
    case .silu: "swish"
    case .tanh: "tanh"
    case .tanhShrink: "tanh_shrink"
    case .softplus: "softplus"
    case .softsign: "softsign"
    case .logSigmoid: "log_sigmoid"
    case .exponential: "exponential"
    case .mish: "mish"
    case .squareplus: "squareplus"
    case .hardShrink: "hard_shrink"
    case .softShrink: "soft_shrink"
    case .softmax: "softmax"
    case .logSoftmax: "log_softmax"
    }
  }

  /// The layers that compute the activation one after another; nil if stock Keras has none.
  var kerasLayers: [(className: String, config: [String: JSON])]? {
    if let name = kerasName { return [("Activation", ["activation": .string(name)])] }
    func rescaling(_ scale: Float, _ offset: Float = 0) -> (String, [String: JSON]) {
      ("Rescaling", ["scale": JSON(scale), "offset": JSON(offset)])
    }
    func relu(_ cap: Float?, _ slope: Float, _ threshold: Float) -> (String, [String: JSON]) {
      (
        "ReLU",
        [
          "max_value": cap.map { JSON($0) } ?? .null, "negative_slope": JSON(slope),
          "threshold": JSON(threshold),
        ]
      )
    }
    switch self {
    case .relu(let cap, let slope, let threshold): return [relu(cap, slope, threshold)]
    case .elu(let alpha): return [("ELU", ["alpha": JSON(alpha)])]
    // celu(x) = alpha * elu(x / alpha).
    case .celu(let alpha):
      return [rescaling(1 / alpha), ("Activation", ["activation": "elu"]), rescaling(alpha)]
    case .hardSigmoid(let slope): return [rescaling(slope, 0.5), relu(1, 0, 0)]
    default: return nil
    }
  }
}
