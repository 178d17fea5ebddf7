import InferenceGraph

/// An arithmetic operation on tensors that Keras stores as a layer: `x + 3`, `1 - x`, `x * y`,
/// `keras.ops.relu(x)`.
///
/// Keras 3 names the layer's class after the operation; Keras 2 uses `TFOpLambda` with the name of
/// a function.
enum KerasArithmetic {
  case add, subtract, multiply, divide, maximum, minimum, negative
  case relu, relu6, sigmoid, tanh, silu, softplus

  /// Determines the operation of a layer, regardless of its arguments; nil if it is not arithmetic.
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

  /// The operations by their class in Keras 3; `ReLU` is a layer with parameters, `Relu` an
  /// operation.
  private static let operations: [String: KerasArithmetic] = [
    "Add": .add, "Subtract": .subtract, "Multiply": .multiply, "Divide": .divide,
    "TrueDivide": .divide, "Maximum": .maximum, "Minimum": .minimum, "Negative": .negative,
    "Relu": .relu, "Relu6": .relu6, "Sigmoid": .sigmoid, "Tanh": .tanh, "Silu": .silu,
    "Softplus": .softplus,
  ]

  /// The classes of Keras 3 by TensorFlow's functions.
  private static let functions = [
    "__operators__.add": "Add", "math.add": "Add", "math.subtract": "Subtract",
    "math.multiply": "Multiply", "math.divide": "Divide", "math.truediv": "Divide",
    "math.maximum": "Maximum", "math.minimum": "Minimum", "math.negative": "Negative",
    "nn.relu": "Relu", "nn.relu6": "Relu6", "math.sigmoid": "Sigmoid", "nn.sigmoid": "Sigmoid",
    "math.tanh": "Tanh", "nn.tanh": "Tanh", "nn.silu": "Silu", "nn.swish": "Silu",
    "math.softplus": "Softplus", "nn.softplus": "Softplus",
  ]

  /// The operation as an activation; nil if it is not one.
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

  /// Returns x op c, or c op x, as an affine map of x; nil if it is not affine.
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
  /// An argument of a call.
  enum Operand: Sendable {
    case tensor(Source)
    case number(Float)
  }

  /// Parses a call whose positional arguments, or `x` and `y` in Keras 2, are tensors and numbers;
  /// nil if there are other arguments.
  static func operands(_ json: JSON, of layer: KerasLayer) -> [Operand]? {
    if let positional = json["args"]?.array, let named = json["kwargs"]?.object {
      guard named.values.allSatisfy(\.isNothing) else { return nil }
      return all(positional.map(operand))
    }
    // A single entry: ["layer", call, tensor, {"y": ...}] or ["_CONSTANT_VALUE", -1, number, {"y":
    // ...}].
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
