import InferenceGraph

extension ONNXImporter {
  /// Adds a function of single elements.
  mutating func activation(_ call: ONNXCall) throws -> ONNXActivation {
    try elementwise(call, try function(call))
  }

  private mutating func elementwise(
    _ call: ONNXCall, _ function: Activation
  ) throws -> ONNXActivation {
    let value = try anyOrder(0, of: call)
    let node = try append(call, .activation, [value.node], activation: function)
    return ONNXActivation(node: node, layout: value.layout)
  }

  private func function(_ call: ONNXCall) throws -> Activation {
    switch call.kind {
    case .relu: return .relu
    case .leakyRelu: return .relu(slope: try call.float("alpha", 0.01))
    case .elu: return .elu(alpha: try call.float("alpha", 1))
    case .selu:
      // The paper's constants, which the graph's function has.
      guard abs(try call.float("alpha", 1.6732632) - 1.6732632) < 1e-3,
        abs(try call.float("gamma", 1.050701) - 1.050701) < 1e-3
      else { throw call.unsupported("other constants than the paper's are not supported") }
      return .selu
    case .celu: return .celu(alpha: try call.float("alpha", 1))
    case .sigmoid: return .sigmoid
    case .hardSigmoid:
      guard try call.float("beta", 0.5) == 0.5 else {
        throw call.unsupported("another beta than 0.5 is not supported")
      }
      return .hardSigmoid(slope: try call.float("alpha", 0.2))
    case .hardSwish: return .hardSiLU
    case .tanh: return .tanh
    case .softplus: return .softplus
    case .softsign: return .softsign
    case .gelu: return .gelu(approximate: try call.text("approximate", "none") == "tanh")
    case .mish: return .mish
    case .exp: return .exponential
    case .clip: return try clipping(call)
    default: throw call.unsupported("it is no function of single elements")
    }
  }

  /// Returns the rectifier with one factor for all negative inputs.
  func leaky(_ factor: Float) -> Activation { .relu(slope: factor) }

  private func clipping(_ call: ONNXCall) throws -> Activation {
    let least = try number("min", orInput: 1, of: call) ?? -.infinity
    let largest = try number("max", orInput: 2, of: call) ?? .infinity
    switch (least, largest) {
    case (0, let cap) where cap > 0:
      return .relu(cap: cap < .greatestFiniteMagnitude ? cap : nil)
    case (-1, 1): return .hardTanh
    case (let least, let largest) where least < -1e38 && largest > 1e38: return .linear
    default:
      throw call.unsupported(
        "clipping to \(least)...\(largest) is not supported; from 0 on, or -1...1, is")
    }
  }

  mutating func softmax(_ call: ONNXCall, _ function: Activation) throws -> ONNXActivation {
    let given = try anyOrder(0, of: call)
    if case .axes(let axes) = given.layout {
      let rank = axes.axes.count
      let standard = call.version < 13 ? 1 : -1
      let axis = try self.axes([call.integer("axis", standard)], rank: rank, of: call)[0]
      if axis == rank - 1, axes.range(of: axis) != nil {
        let (node, axes) = try rows(given, call)
        let result = try append(call, .activation, [node], activation: function)
        return self.value(result, axes)
      }
    }
    let value = try activation(0, of: call)
    let shape = shape(value)
    let rank = shape.count + 1
    let isFlattening = call.version < 13
    let axis = try axes([call.integer("axis", isFlattening ? 1 : -1)], rank: rank, of: call)[0]
    // The axis of the graph's softmax, counted with the batch axis.
    let channels = value.layout == .image ? 1 : rank - 1
    // Earlier versions sum over all axes from this one on; those of extent 1 do not matter.
    let others = isFlattening ? Set(axis..<rank) : [axis]
    let summed = others.union([channels]).filter { $0 > 0 && shape[$0 - 1] > 1 }
    guard axis > 0, others.contains(channels) || shape[channels - 1] == 1,
      summed.allSatisfy({ $0 == channels })
    else { throw call.unsupported("only a softmax over the classes is supported") }
    return try elementwise(call, function)
  }

  mutating func dropout(_ call: ONNXCall) throws -> ONNXActivation {
    if case .integers(let training)? = try value(2, of: call), training.values != [.number(0)] {
      throw call.unsupported("it was exported in training mode; export the model in eval mode")
    }
    let value = try anyOrder(0, of: call)
    let rate = try number("ratio", orInput: 1, of: call) ?? 0.5
    let node = try append(call, .trainingOnly(.dropout(rate: rate)), [value.node])
    return ONNXActivation(node: node, layout: value.layout)
  }

  func cast(_ call: ONNXCall) throws -> ONNXActivation {
    let type = ONNXElementType(rawValue: Int32(clamping: try call.integer("to", 1)))
    guard type?.isFloat ?? false else {
      throw call.unsupported("a conversion of activations to integers is not supported")
    }
    return try anyOrder(0, of: call)
  }
}
