import InferenceGraph

/// Keras's activations by name, for example `activation="relu"` in a configuration.
enum KerasActivation {
  /// The activations whose names mean the same in every version.
  private static let named: [String: Activation] = [
    "linear": .linear, "relu": .relu, "relu6": .relu(cap: 6),
    "leaky_relu": .relu(slope: 0.2), "elu": .elu(), "selu": .selu, "celu": .celu(),
    "sigmoid": .sigmoid, "hard_silu": .hardSiLU, "hard_swish": .hardSiLU, "hard_tanh": .hardTanh,
    "silu": .silu, "swish": .silu, "tanh": .tanh, "tanh_shrink": .tanhShrink,
    "softplus": .softplus, "softsign": .softsign, "log_sigmoid": .logSigmoid,
    "exponential": .exponential, "gelu": .gelu(), "mish": .mish, "squareplus": .squareplus,
    "hard_shrink": .hardShrink, "soft_shrink": .softShrink, "softmax": .softmax,
    "log_softmax": .logSoftmax,
  ]

  /// Parses a layer's activation: a name, a function object, a layer object, or null.
  ///
  /// - Parameter major: The major version of the Keras that wrote the file; `hard_sigmoid` has
  ///   another slope in version 2 than in 3.
  static func parse(
    _ json: JSON?, of layer: KerasLayer, major: Int
  ) throws(KerasError) -> Activation {
    guard let json, !json.isNull else { return .linear }
    if let name = json.string { return try activation(name, of: layer, major: major) }
    let className = json["class_name"]?.string ?? ""
    let config = json["config"] ?? .null
    if className == "function", let name = config.string {
      return try activation(name, of: layer, major: major)
    }
    let inner = KerasLayer(className: className, name: layer.name, config: config)
    if let activation = try self.layer(inner, rank: nil, major: major) { return activation }
    // A function as an object of its own: {"class_name": "relu", ...}.
    return try activation(className, of: layer, major: major)
  }

  /// Returns the activation of a pure activation layer; nil for any other layer.
  ///
  /// - Parameter rank: The number of the input's axes without the batch, if known.
  static func layer(
    _ layer: KerasLayer, rank: Int?, major: Int
  ) throws(KerasError) -> Activation? {
    let config = layer.config
    func parameter(_ keys: String..., default value: Float) throws(KerasError) -> Float {
      var result: Float?
      for key in keys {
        guard let json = config[key], !json.isNull else { continue }
        guard let floats = json.floats, floats.count == 1, !floats[0].isNaN else {
          throw KerasError(layer, "its \(key) is not a number")
        }
        guard result == nil || result == floats[0] else {
          throw KerasError(
            layer, "its \(keys[0]) and its \(key) are not the same number", rule: .kerasAmbiguous)
        }
        result = floats[0]
      }
      return result ?? value
    }
    switch layer.className {
    case "Activation": return try parse(config["activation"], of: layer, major: major)
    case "ReLU":
      let cap = try parameter("max_value", default: .infinity)
      return .relu(
        cap: cap.isFinite ? cap : nil,
        slope: try parameter("negative_slope", default: 0),
        threshold: try parameter("threshold", default: 0))
    case "LeakyReLU":
      return .relu(slope: try parameter("negative_slope", "alpha", default: 0.3))
    case "ThresholdedReLU":
      // Keras compares with x > theta; this threshold is inclusive, hence the next number.
      return .relu(threshold: try parameter("theta", default: 1).nextUp)
    case "ELU": return .elu(alpha: try parameter("alpha", default: 1))
    case "Softmax":
      let axis = try layer.axis()
      guard axis == -1 || axis == rank else {
        throw KerasError(
          layer, "softmax along axis \(axis) is not supported, only the last",
          rule: .kerasUnsupported)
      }
      return .softmax
    default: return nil
    }
  }

  private static func activation(
    _ name: String, of layer: KerasLayer, major: Int
  ) throws(KerasError) -> Activation {
    if name == "hard_sigmoid" { return .hardSigmoid(slope: major >= 3 ? 1 / 6 : 0.2) }
    guard let activation = named[name] else {
      throw KerasError(layer, "its activation '\(name)' is unknown")
    }
    return activation
  }
}
