import InferenceGraph

/// Layers that become several nodes of a graph.
extension KerasGraphBuilder {
  /// The layer classes that ``compose(_:_:inputs:path:)`` handles.
  static let composedLayers: Set<String> = [
    "Subtract", "Average", "PReLU", "CustomScaleLayer", "Conv2DTranspose",
  ]

  /// Appends the nodes of a composed layer, of arithmetic, or of a layer along other axes than the
  /// last; nil for any other layer.
  mutating func compose(
    _ layer: KerasLayer, _ call: KerasCall, inputs: [Int], path: [String]
  ) throws -> Int? {
    if let operation = KerasArithmetic(layer), let operands = call.operands {
      if let node = try compute(operation, operands, inputs, layer, path) { return node }
    }
    if call.hasConstants { return nil }
    if let node = try alongAxes(layer, call, inputs: inputs, path: path) { return node }
    switch layer.className {
    case "Subtract":
      guard inputs.count == 2 else { return nil }
      return try difference(inputs[0], inputs[1], layer, path)
    case "Average":
      let sum = try append(layer, "sum", .add, inputs, path)
      return try append(
        layer, nil, .rescaling(Rescaling(scale: [1 / Float(inputs.count)])), [sum], path)
    case "CustomScaleLayer":
      // Inception-ResNet: the first input plus a multiple of the second.
      guard inputs.count == 2, let scale = layer.config["scale"]?.number else { return nil }
      let scaled = try append(
        layer, "scaled", .rescaling(Rescaling(scale: [Float(scale)])), [inputs[1]], path)
      return try append(layer, nil, .add, [inputs[0], scaled], path)
    case "PReLU" where inputs.count == 1:
      return try parametricRectifier(layer, inputs[0], path)
    case "Conv2DTranspose" where inputs.count == 1:
      return try transposedConvolution(layer, inputs[0], path)
    default: return nil
    }
  }

  private mutating func compute(
    _ operation: KerasArithmetic, _ operands: [KerasCall.Operand], _ inputs: [Int],
    _ layer: KerasLayer, _ path: [String]
  ) throws -> Int? {
    var constant: (value: Float, isFirst: Bool)?
    for (place, operand) in operands.enumerated() {
      guard case .number(let value) = operand else { continue }
      guard constant == nil else { return nil }
      constant = (value, place == 0)
    }
    if let (value, isFirst) = constant {
      guard operands.count == 2, inputs.count == 1,
        let affine = operation.affine(with: value, isFirst: isFirst)
      else { return nil }
      return try append(layer, nil, .rescaling(affine), inputs, path)
    }
    guard operands.count == inputs.count else { return nil }
    if inputs.count == 1 {
      if let activation = operation.activation {
        return try append(layer, nil, .activation, inputs, path, activation)
      }
      guard operation == .negative else { return nil }
      return try append(layer, nil, .rescaling(Rescaling(scale: [-1])), inputs, path)
    }
    guard inputs.count == 2 else { return nil }
    switch operation {
    case .add: return try append(layer, nil, .add, inputs, path)
    case .multiply: return try append(layer, nil, .multiply, inputs, path)
    case .maximum: return try append(layer, nil, .maximum, inputs, path)
    case .minimum: return try append(layer, nil, .minimum, inputs, path)
    case .subtract: return try difference(inputs[0], inputs[1], layer, path)
    case .divide, .negative, .relu, .relu6, .sigmoid, .tanh, .silu, .softplus: return nil
    }
  }

  private mutating func difference(
    _ a: Int, _ b: Int, _ layer: KerasLayer, _ path: [String]
  ) throws -> Int {
    let negated = try append(layer, "negated", .rescaling(Rescaling(scale: [-1])), [b], path)
    return try append(layer, nil, .add, [a, negated], path)
  }

  /// Appends a rectifier with a slope for each channel or, for other slopes, for each element.
  private mutating func parametricRectifier(
    _ layer: KerasLayer, _ input: Int, _ path: [String]
  ) throws -> Int {
    let (shape, stored) = (graph.nodes[input].shape, kerasShape(input))
    let shared = layer.config["shared_axes"]?.ints ?? []
    let extents = stored.indices.map { index in
      shared.contains { $0 == index + 1 || $0 == index - stored.count } ? 1 : stored[index]
    }
    let operation = KerasOperation(
      layer: layer, path: path, weights: weights, major: major, inputs: [shape])
    let alpha = try operation.weight("alpha", shape: extents)
    // For each of our axes the corresponding axis in Keras.
    let axes = arrangements[input] == .channelsLast ? [1, 2, 0] : Array(shape.indices)
    let isPerChannel = axes.dropLast().allSatisfy { extents[$0] == 1 }
    func rectifier(_ values: [Float]) -> Graph.Operation {
      .parametricReLU(ParametricReLU(alpha: Tensor(shape: [values.count], values: values)))
    }
    let channels = shape.last ?? 1
    if isPerChannel {
      let values =
        alpha.count == channels
        ? alpha.values : Array(repeating: alpha.values[0], count: channels)
      return try append(layer, nil, rectifier(values), [input], path)
    }
    // With a slope for each element, the elements become channels of a vector.
    let flat = try append(layer, "flat", .flatten, [input], path)
    let slopes = try append(
      layer, "slopes", rectifier(alpha.broadcast(to: shape, axes: axes)), [flat], path)
    return try append(layer, nil, .reshape(shape), [slopes], path)
  }

  /// Appends a convolution over the image with zeros between its pixels.
  private mutating func transposedConvolution(
    _ layer: KerasLayer, _ input: Int, _ path: [String]
  ) throws -> Int {
    let shape = graph.nodes[input].shape
    let operation = KerasOperation(
      layer: layer, path: path, weights: weights, major: major, inputs: [shape])
    let (convolution, strides) = try operation.transposedConvolution()
    var input = input
    if strides != .one {
      input = try append(
        layer, "input",
        .rearrange(.zeroInsertion(rows: strides.height, columns: strides.width)), [input], path)
    }
    return try append(
      layer, nil, .convolution(convolution), [input], path, try operation.activation())
  }

  /// Appends a node with the layer's name, or with that name and a suffix for its part in the
  /// layer.
  mutating func append(
    _ layer: KerasLayer, _ part: String?, _ operation: Graph.Operation, _ inputs: [Int],
    _ path: [String], _ activation: Activation = .linear
  ) throws -> Int {
    let name = name(of: layer, path, part: part)
    return try graph.append(name, operation, inputs: inputs, activation: activation)
  }
}

extension Tensor {
  /// Returns the values broadcast to a shape, row-major; extents of 1 are repeated.
  ///
  /// - Parameter axes: For each axis of the shape the corresponding axis of the tensor.
  fileprivate func broadcast(to shape: [Int], axes: [Int]) -> [Float] {
    var pitches = Array(repeating: 1, count: self.shape.count)
    for axis in pitches.indices.dropLast().reversed() {
      pitches[axis] = pitches[axis + 1] * self.shape[axis + 1]
    }
    var positions = [0]
    for (extent, axis) in zip(shape, axes) {
      let pitch = self.shape[axis] == 1 ? 0 : pitches[axis]
      positions = positions.flatMap { start in (0..<extent).map { start + $0 * pitch } }
    }
    return positions.map { values[$0] }
  }
}
