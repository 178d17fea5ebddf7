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
    let shape = graph.nodes[inputs[0].node].shape
    let isSimple = if case .axes = layout { false } else { true }
    if inputs.allSatisfy({ $0.layout == layout }),
      isSimple || inputs.allSatisfy({ graph.nodes[$0.node].shape == shape })
    {
      return ONNXActivation(
        node: try append(call, operation, inputs.map(\.node)), layout: layout)
    }
    var nodes: [Int] = []
    for input in inputs { nodes.append(try plain(input, call)) }
    return ONNXActivation(node: try append(call, operation, nodes), layout: .plain)
  }

  /// Adds the combination of an activation and a constant with one number, or one for each channel.
  private mutating func combine(
    _ call: ONNXCall, _ given: ONNXActivation, _ constant: ONNXConstant, isConstantFirst: Bool
  ) throws -> ONNXActivation {
    if case .axes(var axes) = given.layout, batch == 1, axes.axes.first?.isEmpty == false {
      // A single image needs no axis; here it gets one.
      axes.axes.insert([], at: 0)
      let result = try combine(
        call, self.value(given.node, axes), constant, isConstantFirst: isConstantFirst)
      axes = self.axes(of: result)
      axes.axes.removeFirst()
      return self.value(result.node, axes)
    }
    if let result = try combine(
      call, besideImages: given, constant, isConstantFirst: isConstantFirst)
    {
      return result
    }
    let value = try beside(constant, given, call)
    guard let numbers = try perChannel(value, constant) else {
      return try combine(call, value, table: constant, isConstantFirst: isConstantFirst)
    }
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

  /// Adds the combination of a constant and an activation whose first axis has parts of each image
  /// behind the images, such as windows; nil if it has none, or the constant is one number or has
  /// one for each element of the last axis.
  private mutating func combine(
    _ call: ONNXCall, besideImages given: ONNXActivation, _ constant: ONNXConstant,
    isConstantFirst: Bool
  ) throws -> ONNXActivation? {
    guard case .axes(var axes) = given.layout, let first = axes.axes.first,
      first.first == ONNXAxes.batch, first.count > 1, constant.shape.last != constant.count,
      constant.count > 1
    else { return nil }
    let missing = axes.axes.count - constant.shape.count
    guard missing > 0 || missing == 0 && constant.shape[0] == 1 else { return nil }
    // The parts get an axis of their own.
    axes.axes.replaceSubrange(0..<1, with: [[ONNXAxes.batch], Array(first.dropFirst())])
    var table = constant
    table.shape.insert(contentsOf: Array(repeating: 1, count: missing + 1), at: 0)
    let result = try combine(
      call, self.value(given.node, axes), table, isConstantFirst: isConstantFirst)
    axes = self.axes(of: result)
    axes.axes.replaceSubrange(0..<2, with: [axes.axes[0] + axes.axes[1]])
    return self.value(result.node, axes)
  }

  private mutating func rescaled(
    _ call: ONNXCall, _ value: ONNXActivation, _ rescaling: Rescaling
  ) throws -> ONNXActivation {
    let node = try append(call, .rescaling(rescaling), [value.node])
    return ONNXActivation(node: node, layout: value.layout)
  }

  /// Returns a value in an order in which a constant is one number, or one for each channel; in a
  /// simple one if there is none.
  private mutating func beside(
    _ constant: ONNXConstant, _ value: ONNXActivation, _ call: ONNXCall
  ) throws -> ONNXActivation {
    guard case .axes(let axes) = value.layout, constant.count != 1 else { return value }
    let last = axes.axes.count - 1
    if constant.shape.last == constant.count, constant.shape.count <= axes.axes.count,
      constant.count == axes.extent(last), axes.range(of: last) != nil
    {
      let (node, axes) = try rows(value, call)
      return self.value(node, axes)
    }
    return try simple(value, call)
  }

  /// Returns a constant as one number, or as one for each channel in the graph's order; nil if it is
  /// neither.
  func perChannel(_ value: ONNXActivation, _ constant: ONNXConstant) throws -> [Float]? {
    let rank = axes(of: value).axes.count
    if constant.count == 1, constant.shape.count <= rank { return try constant.values(in: file) }
    if case .axes(let axes) = value.layout {
      let channels = graph.nodes[value.node].channels
      guard constant.shape.last == constant.count, constant.count == channels,
        constant.shape.count <= rank, axes.extent(rank - 1) == channels
      else { return nil }
      return try constant.values(in: file)
    }
    let shape = shape(value)
    // The extents on the axes of the activation, counted with the batch axis.
    let missing = shape.count + 1 - constant.shape.count
    guard missing >= 0 else { return nil }
    let extents = Array(repeating: 1, count: missing) + constant.shape
    let channels = value.layout == .image ? 1 : shape.count
    guard extents.indices.allSatisfy({ extents[$0] == 1 || $0 == channels }),
      extents[channels] == shape[channels - 1]
    else { return nil }
    return inGraph(try constant.values(in: file), value.layout)
  }

  /// Adds the combination of an activation and a constant that differs between positions.
  private mutating func combine(
    _ call: ONNXCall, _ value: ONNXActivation, table constant: ONNXConstant, isConstantFirst: Bool
  ) throws -> ONNXActivation {
    let value = value.layout == .image ? value : try ordered(value, call)
    let shape = shape(value)
    let missing = shape.count + 1 - constant.shape.count
    guard missing >= 0, [.add, .sub, .mul, .div].contains(call.kind) else {
      throw call.unsupported("it is not supported with a constant of shape \(constant.shape)")
    }
    let extents = Array((Array(repeating: 1, count: missing) + constant.shape).dropFirst())
    guard missing > 0 || constant.shape[0] == 1,
      zip(extents, shape).allSatisfy({ $0 == 1 || $0 == $1 })
    else {
      throw call.unsupported(
        "a constant of shape \(constant.shape) does not fit activations of shape \(shape)")
    }
    var values = try constant.values(in: file)
    switch (call.kind, isConstantFirst) {
    case (.sub, false): values = values.map { -$0 }
    case (.div, false): values = values.map { 1 / $0 }
    case (.div, true): throw call.unsupported("a quotient by activations is not supported")
    default: break
    }
    var table = extents
    if value.layout == .image {
      values = permuted(values, extents, [1, 2, 0])
      table = [extents[1], extents[2], extents[0]]
    } else if shape.count > 3 {
      // More than three axes are not broadcast.
      var starts = [0]
      var pitch = values.count
      try file.use(shape.reduce(1, *), of: call.node.outputs.first ?? "")
      for (axis, extent) in extents.enumerated() {
        pitch /= extent
        let step = extent == 1 ? 0 : pitch
        starts = starts.flatMap { start in (0..<shape[axis]).map { start + $0 * step } }
      }
      values = starts.map { values[$0] }
      table = shape
    }
    let node = try constantNode(values, table, call, part: "constant")
    var input = value.node
    if call.kind == .sub, isConstantFirst {
      input = try append(call, .rescaling(Rescaling(scale: [-1])), [input], part: "negative")
    }
    let isProduct = call.kind == .mul || call.kind == .div
    let result = try append(call, isProduct ? .multiply : .add, [input, node])
    return ONNXActivation(node: result, layout: value.layout)
  }

  /// Returns a value in ONNX's order.
  private mutating func ordered(
    _ value: ONNXActivation, _ call: ONNXCall
  ) throws -> ONNXActivation {
    ONNXActivation(node: try plain(value, call), layout: .plain)
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
