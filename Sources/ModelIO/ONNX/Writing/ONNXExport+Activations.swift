import InferenceGraph

/// Functions of single elements, and softmax.
extension ONNXExport {
  /// Adds an activation; returns the name of its result.
  mutating func activation(
    _ activation: Activation, of x: String, _ title: String, rank: Int
  ) -> String {
    func number(_ value: Float) -> String { constant("\(title).number", [], [value]) }
    switch activation {
    case .linear: return x
    case .relu(let cap, let slope, let threshold):
      return rectifier(x, title, cap: cap, slope: slope, threshold: threshold)
    case .elu(let alpha): return add("Elu", [x], title, [("alpha", .float(alpha))])
    case .selu: return add("Selu", [x], title)
    case .celu(let alpha): return add("Celu", [x], title, [("alpha", .float(alpha))])
    case .sigmoid: return add("Sigmoid", [x], title)
    case .hardSigmoid(let slope):
      return add("HardSigmoid", [x], title, [("alpha", .float(slope)), ("beta", .float(0.5))])
    case .hardSiLU: return add("HardSwish", [x], title)
    case .hardTanh: return add("Clip", [x, number(-1), number(1)], title)
    case .silu: return add("Mul", [x, add("Sigmoid", [x], title)], title)
    case .tanh: return add("Tanh", [x], title)
    case .tanhShrink: return add("Sub", [x, add("Tanh", [x], title)], title)
    case .softplus: return add("Softplus", [x], title)
    case .softsign: return add("Softsign", [x], title)
    case .logSigmoid:
      return add("Neg", [add("Softplus", [add("Neg", [x], title)], title)], title)
    case .exponential: return add("Exp", [x], title)
    case .gelu(let isApproximate):
      version = 20
      return add(
        "Gelu", [x], title, isApproximate ? [("approximate", .text("tanh"))] : [])
    case .mish:
      version = 20
      return add("Mish", [x], title)
    case .squareplus:
      // Without a difference of almost equal numbers: with r = sqrt(x² + 4), the function is
      // (|x| + r) / 2 for x >= 0, and its reciprocal for x < 0.
      let square = add("Add", [add("Mul", [x, x], title), number(4)], title)
      let sum = add("Add", [add("Abs", [x], title), add("Sqrt", [square], title)], title)
      let half = add("Mul", [sum, number(0.5)], title)
      let isNegative = add("Less", [x, number(0)], title)
      return add("Where", [isNegative, add("Reciprocal", [half], title), half], title)
    case .hardShrink: return add("Shrink", [x], title, [("lambd", .float(0.5))])
    case .softShrink:
      return add("Shrink", [x], title, [("lambd", .float(0.5)), ("bias", .float(0.5))])
    case .softmax: return add("Softmax", [x], title, [("axis", .integer(rank == 3 ? 1 : -1))])
    case .logSoftmax:
      return add("LogSoftmax", [x], title, [("axis", .integer(rank == 3 ? 1 : -1))])
    }
  }

  private mutating func rectifier(
    _ x: String, _ title: String, cap: Float?, slope: Float, threshold: Float
  ) -> String {
    func number(_ value: Float) -> String { constant("\(title).number", [], [value]) }
    if threshold == 0, slope == 0 {
      return cap.map { add("Clip", [x, number(0), number($0)], title) }
        ?? add("Relu", [x], title)
    }
    var result: String
    if threshold == 0 {
      result = add("LeakyRelu", [x], title, [("alpha", .float(slope))])
    } else {
      let limit = number(threshold)
      let below = add("Mul", [add("Sub", [x, limit], title), number(slope)], title)
      result = add("Where", [add("GreaterOrEqual", [x, limit], title), x, below], title)
    }
    if let cap { result = add("Min", [result, number(cap)], title) }
    return result
  }
}
