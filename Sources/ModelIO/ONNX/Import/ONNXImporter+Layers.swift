import InferenceGraph

/// Layers with weights.
extension ONNXImporter {
  mutating func convolution(_ call: ONNXCall) throws -> ONNXActivation {
    let weights = try weights(1, of: call)
    guard weights.shape.count == 4, weights.shape.allSatisfy({ $0 > 0 }) else {
      throw call.unsupported("only 2-D convolutions are supported")
    }
    let node = try image(0, of: call)
    let channels = graph.nodes[node].channels
    let groups = try call.integer("group", 1)
    guard groups > 0, groups <= channels, weights.shape[0] % groups == 0 else {
      throw call.invalid("group")
    }
    let size = Extent(weights.shape[2], weights.shape[3])
    let dilation = try call.extent("dilations")
    let window = try window(call, size, dilation: dilation, over: graph.nodes[node].shape)
    // [output][input][height][width] to [height][width][input][output].
    let permutation = ONNXPermutation(shape: weights.shape, axes: [2, 3, 1, 0])
    let values = try weights.values(in: file, permutation)
    let bias = try bias(2, of: call)
    let operation: Graph.Operation
    if groups == channels, groups > 1, weights.shape[1] == 1 {
      let shape = [size.height, size.width, channels, weights.shape[0] / groups]
      operation = .depthwiseConvolution(
        DepthwiseConvolution(
          kernel: Tensor(shape: shape, values: values), bias: bias, strides: window.strides,
          dilation: dilation, padding: window.padding))
    } else {
      let shape = [size.height, size.width, weights.shape[1], weights.shape[0]]
      operation = .convolution(
        Convolution(
          kernel: Tensor(shape: shape, values: values), bias: bias, strides: window.strides,
          dilation: dilation, padding: window.padding, groups: groups))
    }
    let result = try append(call, operation, [node], named: weights.name)
    let isDepthwise = if case .depthwiseConvolution = operation { true } else { false }
    try note(isDepthwise ? .depthwiseKernel : .kernel, of: result, from: 1, of: call, permutation)
    try note(.bias, of: result, from: 2, of: call)
    return ONNXActivation(node: result, layout: .image)
  }

  mutating func gemm(_ call: ONNXCall) throws -> ONNXActivation {
    try call.require("transA", 0)
    var value = try anyOrder(0, of: call)
    var rest: ONNXAxes?
    if case .axes(let axes) = value.layout {
      if axes.axes.count == 2, !axes.isBatchFirst || batch == 1 && !axes.axes[0].isEmpty {
        let (node, axes) = try rows(value, call)
        (value, rest) = (ONNXActivation(node: node, layout: .plain), axes)
      } else {
        value = try activation(0, of: call)
      }
    }
    guard rest != nil || shape(value).count == 1 else { throw call.invalid("input") }
    let isTransposed = try call.integer("transB", 0) != 0
    let (kernel, permutation) = try kernel(
      call, isTransposed: isTransposed, after: value.layout)
    let alpha = try call.float("alpha", 1)
    let beta = try call.float("beta", 1)
    var bias: Tensor?
    if let constant = try constant(2, of: call) {
      let values = try constant.values(in: file).map { $0 * beta }
      let units = kernel.shape[1]
      guard constant.shape.dropLast().allSatisfy({ $0 == 1 }), [1, units].contains(values.count)
      else { throw call.unsupported("its constant C differs between images") }
      bias = Tensor(
        shape: [units],
        values: values.count == units ? values : Array(repeating: values[0], count: units))
    }
    let scaled =
      alpha == 1
      ? kernel : Tensor(shape: kernel.shape, values: kernel.values.map { $0 * alpha })
    var result = try dense(call, value.node, Dense(kernel: scaled, bias: bias))
    if var axes = rest {
      axes.parts[axes.parts.count - 1] = kernel.shape[1]
      result = self.value(result.node, axes)
    }
    try note(.kernel, of: result.node, from: 1, of: call, permutation, factor: alpha)
    // One number for all units becomes one for each.
    let shape = try constant(2, of: call).map {
      $0.count == kernel.shape[1] ? $0.shape : [kernel.shape[1]]
    }
    try note(.bias, of: result.node, from: 2, of: call, shape: shape, factor: beta)
    return result
  }

  mutating func matMul(_ call: ONNXCall) throws -> ONNXActivation {
    if case .activation? = try value(1, of: call) { return try product(call) }
    let given = try anyOrder(0, of: call)
    if case .axes = given.layout {
      var (node, axes) = try rows(given, call)
      let (kernel, permutation) = try kernel(call, isTransposed: false, after: .plain)
      let result = try dense(call, node, Dense(kernel: kernel))
      axes.parts[axes.parts.count - 1] = kernel.shape[1]
      try note(.kernel, of: result.node, from: 1, of: call, permutation)
      node = result.node
      return self.value(node, axes)
    }
    let value = try activation(0, of: call)
    let layout = value.layout
    let node = layout == .image ? try plain(value, call) : value.node
    let (kernel, permutation) = try kernel(
      call, isTransposed: false, after: layout == .image ? .plain : layout)
    let result = try dense(call, node, Dense(kernel: kernel))
    try note(.kernel, of: result.node, from: 1, of: call, permutation)
    return result
  }

  private mutating func dense(
    _ call: ONNXCall, _ node: Int, _ dense: Dense
  ) throws -> ONNXActivation {
    let result = try append(
      call, .dense(dense), [node], named: try weights(1, of: call).name)
    return ONNXActivation(node: result, layout: .plain)
  }

  /// Returns the kernel of a dense layer, `[inputs, units]` in the graph's order, and the permutation
  /// to it from the file's.
  private func kernel(
    _ call: ONNXCall, isTransposed: Bool, after layout: ONNXLayout
  ) throws -> (kernel: Tensor, ONNXPermutation) {
    let weights = try weights(1, of: call)
    guard weights.shape.count == 2 else {
      throw call.unsupported("its constant has \(weights.shape.count) axes; 2 are supported")
    }
    let (inputs, units) =
      isTransposed ? (weights.shape[1], weights.shape[0]) : (weights.shape[0], weights.shape[1])
    var permutation = ONNXPermutation(
      shape: weights.shape, axes: isTransposed ? [1, 0] : [0, 1])
    if case .flattened(let image) = layout, image.reduce(1, *) == inputs {
      let rows = [image[2], image[0], image[1]]
      permutation =
        isTransposed
        ? ONNXPermutation(shape: [units] + rows, axes: [2, 3, 1, 0])
        : ONNXPermutation(shape: rows + [units], axes: [1, 2, 0, 3])
    }
    let values = try weights.values(in: file, permutation)
    return (Tensor(shape: [inputs, units], values: values), permutation)
  }

  mutating func batchNormalization(_ call: ONNXCall) throws -> ONNXActivation {
    try call.require("training_mode", 0)
    try call.require("spatial", 1)
    let value = try activation(0, of: call)
    if value.layout == .plain, graph.nodes[value.node].shape.count > 1 {
      throw call.unsupported("it normalizes along an axis that is not the channels'")
    }
    let normalization = BatchNormalization(
      gamma: try channels(1, of: call, value.layout), beta: try channels(2, of: call, value.layout),
      mean: try channels(3, of: call, value.layout),
      variance: try channels(4, of: call, value.layout), epsilon: try call.float("epsilon", 1e-5))
    let node = try append(
      call, .batchNormalization(normalization), [value.node], named: try weights(1, of: call).name)
    let roles: [WeightRole] = [.gamma, .beta, .movingMean, .movingVariance]
    let permutation = permutation(normalization.mean.count, value.layout)
    for (index, role) in roles.enumerated() {
      try note(role, of: node, from: index + 1, of: call, permutation)
    }
    return ONNXActivation(node: node, layout: value.layout)
  }

  mutating func instanceNormalization(_ call: ONNXCall) throws -> ONNXActivation {
    let node = try image(0, of: call)
    let normalization = LayerNormalization(
      gamma: try channels(1, of: call, .image), beta: try channels(2, of: call, .image),
      over: .groups(graph.nodes[node].channels), epsilon: try call.float("epsilon", 1e-5))
    let result = try append(
      call, .layerNormalization(normalization), [node], named: try weights(1, of: call).name)
    try note(.gamma, of: result, from: 1, of: call)
    try note(.beta, of: result, from: 2, of: call)
    return ONNXActivation(node: result, layout: .image)
  }

  mutating func layerNormalization(_ call: ONNXCall) throws -> ONNXActivation {
    let given = try anyOrder(0, of: call)
    let rank = axes(of: given).axes.count
    let axis = try axes([call.integer("axis", -1)], rank: rank, of: call)[0]
    var value = given
    // The channels of an image are last in the graph.
    if given.layout != .image || axis != 1 {
      guard given.layout != .image, axis == rank - 1 else {
        throw call.unsupported("only a normalization along the last axis is supported")
      }
      let (input, axes) = try rows(given, call)
      value = self.value(input, axes)
    }
    let normalization = LayerNormalization(
      gamma: try constant(1, of: call) == nil ? nil : try channels(1, of: call, .plain),
      beta: try constant(2, of: call) == nil ? nil : try channels(2, of: call, .plain),
      epsilon: try call.float("epsilon", 1e-5))
    let node = try append(
      call, .layerNormalization(normalization), [value.node],
      named: try constant(1, of: call)?.name)
    try note(.gamma, of: node, from: 1, of: call)
    try note(.beta, of: node, from: 2, of: call)
    return ONNXActivation(node: node, layout: value.layout)
  }

  /// Returns an input with one number for each channel, in the graph's order.
  private func channels(
    _ index: Int, of call: ONNXCall, _ layout: ONNXLayout
  ) throws -> Tensor {
    let weights = try weights(index, of: call)
    return Tensor(shape: [weights.count], values: inGraph(try weights.values(in: file), layout))
  }

  /// Returns the elements of a vector in the graph's order.
  func inGraph(_ values: [Float], _ layout: ONNXLayout) -> [Float] {
    permutation(values.count, layout)?(values) ?? values
  }

  private func bias(_ index: Int, of call: ONNXCall) throws -> Tensor? {
    guard let constant = try constant(index, of: call) else { return nil }
    return Tensor(shape: constant.shape, values: try constant.values(in: file))
  }
}
