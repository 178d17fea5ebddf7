import InferenceGraph

/// Sums, products and extrema.
extension ONNXImporter {
  mutating func arithmetic(_ call: ONNXCall) throws -> ONNXActivation {
    var inputs: [ONNXActivation] = []
    var constants: [(index: Int, constant: ONNXConstant)] = []
    for index in call.node.inputs.indices {
      switch try value(index, of: call) {
      case .activation(let value)?: inputs.append(value)
      case .constant(let constant)?: constants.append((index, constant))
      case .integers?, nil: throw call.invalid("input \(index + 1)")
      }
    }
    guard let first = inputs.first else { throw call.invalid("inputs") }
    if let (index, constant) = constants.first {
      guard inputs.count == 1, constants.count == 1 else {
        throw call.unsupported("a mixture of several inputs and constants is not supported")
      }
      return try combine(call, first, constant, isConstantFirst: index == 0)
    }
    if call.kind == .neg { return try rescaled(call, first, Rescaling(scale: [-1])) }
    let operations: [ONNXOperator: Graph.Operation] = [
      .add: .add, .sum: .add, .mul: .multiply, .max: .maximum, .min: .minimum,
    ]
    if let operation = operations[call.kind] { return try combine(call, operation, inputs) }
    guard call.kind == .sub, inputs.count == 2 else {
      throw call.unsupported("a quotient of two activations is not supported")
    }
    let node = try append(
      call, .rescaling(Rescaling(scale: [-1])), [inputs[1].node], part: "negative")
    return try combine(call, .add, [first, ONNXActivation(node: node, layout: inputs[1].layout)])
  }

  private mutating func combine(
    _ call: ONNXCall, _ operation: Graph.Operation, _ inputs: [ONNXActivation]
  ) throws -> ONNXActivation {
    let layout = inputs[0].layout
    if inputs.count == 1 { return inputs[0] }
    if inputs.allSatisfy({ $0.layout == layout }) {
      return ONNXActivation(
        node: try append(call, operation, inputs.map(\.node)), layout: layout)
    }
    var nodes: [Int] = []
    for input in inputs { nodes.append(try plain(input, call)) }
    return ONNXActivation(node: try append(call, operation, nodes), layout: .plain)
  }

  /// Adds the combination of an activation and a constant with one number, or one for each channel.
  private mutating func combine(
    _ call: ONNXCall, _ value: ONNXActivation, _ constant: ONNXConstant, isConstantFirst: Bool
  ) throws -> ONNXActivation {
    let numbers = try perChannel(call, value, constant)
    let none = [Float(1)]
    switch (call.kind, isConstantFirst) {
    case (.add, _), (.sum, _):
      if let biased = try biased(value, numbers, call, from: isConstantFirst ? 0 : 1) {
        return biased
      }
      return try rescaled(call, value, Rescaling(scale: none, offset: numbers))
    case (.sub, false):
      return try rescaled(call, value, Rescaling(scale: none, offset: numbers.map { -$0 }))
    case (.sub, true): return try rescaled(call, value, Rescaling(scale: [-1], offset: numbers))
    case (.mul, _): return try rescaled(call, value, Rescaling(scale: numbers))
    case (.div, false): return try rescaled(call, value, Rescaling(scale: numbers.map { 1 / $0 }))
    case (.max, _) where numbers.allSatisfy({ $0 == 0 }):
      let node = try append(call, .activation, [value.node], activation: .relu)
      return ONNXActivation(node: node, layout: value.layout)
    default:
      throw call.unsupported("it is not supported with a constant as an input")
    }
  }

  private mutating func rescaled(
    _ call: ONNXCall, _ value: ONNXActivation, _ rescaling: Rescaling
  ) throws -> ONNXActivation {
    let node = try append(call, .rescaling(rescaling), [value.node])
    return ONNXActivation(node: node, layout: value.layout)
  }

  /// Returns a constant as one number, or as one for each channel in the graph's order.
  private func perChannel(
    _ call: ONNXCall, _ value: ONNXActivation, _ constant: ONNXConstant
  ) throws -> [Float] {
    let values = try constant.values(in: file)
    let shape = shape(value)
    if values.count == 1, constant.shape.count <= shape.count + 1 { return values }
    // The extents on the axes of the activation, counted with the batch axis.
    let missing = shape.count + 1 - constant.shape.count
    guard missing >= 0 else { throw call.invalid("constant") }
    let extents = Array(repeating: 1, count: missing) + constant.shape
    let channels = value.layout == .image ? 1 : shape.count
    guard extents.indices.allSatisfy({ extents[$0] == 1 || $0 == channels }),
      extents[channels] == shape[channels - 1]
    else {
      throw call.unsupported(
        "a constant of shape \(constant.shape) is not supported; one number, or one for each "
          + "channel, is")
    }
    return inGraph(values, value.layout)
  }

  /// Makes numbers the bias of the layer that computes a value and has none; nil if there is no such
  /// layer, or something else reads the value.
  ///
  /// - Parameter index: The input of the call with the numbers.
  private mutating func biased(
    _ value: ONNXActivation, _ numbers: [Float], _ call: ONNXCall, from index: Int
  ) throws -> ONNXActivation? {
    let node = graph.nodes[value.node]
    guard let name = results[value.node], readers[name] == 1, call.node.inputs.contains(name),
      node.activation == .linear, numbers.count == node.channels
    else { return nil }
    let bias = Tensor(shape: [numbers.count], values: numbers)
    if case .convolution(var layer) = node.operation, layer.bias == nil {
      layer.bias = bias
      graph.nodes[value.node].operation = .convolution(layer)
    } else if case .depthwiseConvolution(var layer) = node.operation, layer.bias == nil {
      layer.bias = bias
      graph.nodes[value.node].operation = .depthwiseConvolution(layer)
    } else if case .dense(var layer) = node.operation, layer.bias == nil {
      layer.bias = bias
      graph.nodes[value.node].operation = .dense(layer)
    } else {
      return nil
    }
    results[value.node] = call.node.outputs.first
    try note(
      .bias, of: value.node, from: index, of: call, permutation(numbers.count, value.layout))
    return value
  }
}
