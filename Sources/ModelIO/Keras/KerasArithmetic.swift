import InferenceGraph

/// Arithmetic on tensors that Keras keeps as a layer: `x + 3`, `1 - x`, `x * y`, `keras.ops.relu(x)`.
///
/// Keras 3 has layers of the operations' names, Keras 2 `TFOpLambda` with the name of a function.
enum KerasArithmetic {
  case add, subtract, multiply, divide, maximum, minimum, negative
  case relu, relu6, sigmoid, tanh, silu, softplus

  /// The arithmetic that a layer is, whatever it is called with; nil if it is something else.
  init?(_ layer: KerasLayer) {
    var name = layer.className
    if KerasClasses.functionLayers.contains(name) {
      guard let function = layer.config["function"]?.string, let known = Self.functions[function]
      else { return nil }
      name = known
    }
    guard let operation = Self.operations[name] else { return nil }
    self = operation
  }

  /// By the class that Keras 3 gives the operation; `ReLU` is a layer with settings, `Relu` none.
  private static let operations: [String: KerasArithmetic] = [
    "Add": .add, "Subtract": .subtract, "Multiply": .multiply, "Divide": .divide,
    "TrueDivide": .divide, "Maximum": .maximum, "Minimum": .minimum, "Negative": .negative,
    "Relu": .relu, "Relu6": .relu6, "Sigmoid": .sigmoid, "Tanh": .tanh, "Silu": .silu,
    "Softplus": .softplus,
  ]

  /// The same by TensorFlow's functions.
  private static let functions = [
    "__operators__.add": "Add", "math.add": "Add", "math.subtract": "Subtract",
    "math.multiply": "Multiply", "math.divide": "Divide", "math.truediv": "Divide",
    "math.maximum": "Maximum", "math.minimum": "Minimum", "math.negative": "Negative",
    "nn.relu": "Relu", "nn.relu6": "Relu6", "math.sigmoid": "Sigmoid", "nn.sigmoid": "Sigmoid",
    "math.tanh": "Tanh", "nn.tanh": "Tanh", "nn.silu": "Silu", "nn.swish": "Silu",
    "math.softplus": "Softplus", "nn.softplus": "Softplus",
  ]

  /// The activation that it is; nil if it is none.
  var activation: Activation? {
    switch self {
    case .relu: .relu
    case .relu6: .relu(cap: 6)
    case .sigmoid: .sigmoid
    case .tanh: .tanh
    case .silu: .silu
    case .softplus: .softplus
    case .add, .subtract, .multiply, .divide, .maximum, .minimum, .negative: nil
    }
  }

  /// x op c, or c op x, as an affine map of x; nil if it is none.
  func affine(with constant: Float, isFirst: Bool) -> Rescaling? {
    switch self {
    case .add: Rescaling(scale: [1], offset: [constant])
    case .subtract:
      isFirst
        ? Rescaling(scale: [-1], offset: [constant]) : Rescaling(scale: [1], offset: [-constant])
    case .multiply: Rescaling(scale: [constant])
    case .divide where !isFirst && (1 / constant).isFinite: Rescaling(scale: [1 / constant])
    case .divide, .maximum, .minimum, .negative, .relu, .relu6, .sigmoid, .tanh, .silu, .softplus:
      nil
    }
  }
}

extension KerasCall {
  /// What stands at a place of a call.
  enum Operand: Sendable {
    case tensor(Source)
    case number(Float)
  }

  /// Reads a call whose arguments by position, or Keras 2's `x` and `y`, are tensors and numbers; nil
  /// if there is anything else.
  static func operands(_ json: JSON, of layer: KerasLayer) -> [Operand]? {
    if let positional = json["args"]?.array, let named = json["kwargs"]?.object {
      guard named.values.allSatisfy(\.isNothing) else { return nil }
      return all(positional.map(operand))
    }
    // One entry: ["layer", call, tensor, {"y": ...}] or ["_CONSTANT_VALUE", -1, number, {"y": ...}].
    let entry = json.array?.first?.string != nil ? json : json.array?.count == 1 ? json[0] : nil
    guard let entry, let name = entry[0]?.string else { return nil }
    let first: Operand? =
      name == "_CONSTANT_VALUE" ? entry[2]?.number.map { .number(Float($0)) } : operand(entry)
    var others = entry[3]?.object ?? [:]
    others["name"] = nil
    let second = others.removeValue(forKey: "y")
    guard others.values.allSatisfy(\.isNothing) else { return nil }
    return all([first] + (second.map { [operand($0)] } ?? []))
  }

  private static func all(_ operands: [Operand?]) -> [Operand]? {
    let known = operands.compactMap { $0 }
    return known.count == operands.count ? known : nil
  }

  private static func operand(_ json: JSON) -> Operand? {
    if let number = json.number, Float(number).isFinite { return .number(Float(number)) }
    let history =
      json["class_name"]?.string == "__keras_tensor__" ? json["config"]?["keras_history"] : json
    guard let name = history?[0]?.string, let call = history?[1]?.int, call >= 0,
      history?[2]?.int == 0
    else { return nil }
    return .tensor(Source(layer: name, call: call))
  }
}
