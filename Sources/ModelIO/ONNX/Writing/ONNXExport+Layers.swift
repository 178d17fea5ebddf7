import InferenceGraph

/// Operations with weights, and windows.
extension ONNXExport {
  /// Adds a node with its activation; returns the name of the result.
  mutating func add(
    _ node: Graph.Node, _ title: String, _ inputs: [String]
  ) throws(GraphError) -> String {
    let result = try operation(node, title, inputs)
    return activation(node.activation, of: result, title, rank: node.shape.count)
  }

  private mutating func operation(
    _ node: Graph.Node, _ title: String, _ inputs: [String]
  ) throws(GraphError) -> String {
    let shape = node.inputs.first.map { graph.nodes[$0].shape } ?? []
    let value = inputs.first ?? ""
    switch node.operation {
    case .input: return value
    case .convolution(let c):
      return convolution(
        title, value, c.kernel, c.bias, c.window, over: shape, groups: c.groups)
    case .depthwiseConvolution(let c):
      return depthwise(title, value, c, over: shape)
    case .separableConvolution(let c):
      let spatial = depthwise("\(title).depthwise", value, c.depthwise, over: shape)
      return convolution(
        title, spatial, c.pointwise, c.bias, Window(.one), over: node.shape, groups: 1)
    case .pooling(let p):
      let settings: [(name: String, value: Setting)] =
        [("kernel_shape", Setting.integers([p.window.height, p.window.width]))]
        + windowSettings(p.grid, over: shape)
      return add(p.kind == .max ? "MaxPool" : "AveragePool", [value], title, settings)
    case .globalPooling(let kind, let keepsDimensions):
      let pooled = add(kind == .max ? "GlobalMaxPool" : "GlobalAveragePool", [value], title)
      return keepsDimensions ? pooled : add("Flatten", [pooled], title)
    case .dense(let d): return dense(title, value, d, shape)
    case .batchNormalization(let b): return normalization(title, value, b, shape)
    case .layerNormalization(let n): return try normalization(title, value, n, shape, node)
    case .adaptivePooling(let p): return adaptivePooling(p, title, value, shape)
    case .responseNormalization(let n):
      return responseNormalization(title, value, n, shape)
    case .parametricReLU(let r):
      let count = r.alpha.count
      let factors = constant(
        "\(title).weight", shape.count == 3 ? [count, 1, 1] : [count], r.alpha.values)
      return add("PRelu", [value, factors], title)
    case .matrixProduct:
      let ordered = inputs.enumerated().map { number, input in
        channelsLast(input, graph.nodes[node.inputs[number]].shape, title)
      }
      return channelsFirst(add("MatMul", ordered, title), node.shape, title)
    case .constantValue(let c): return constant(c, title, value)
    case .rescaling(let r): return rescaling(title, value, r, rank: shape.count)
    case .binaryLogits:
      let kernel = constant("\(title).weight", [1, 2], [0, 1])
      return add("Gemm", [value, kernel], title)
    case .trainingOnly, .activation: return value
    case .add: return chain("Add", inputs, title)
    case .multiply: return chain("Mul", inputs, title)
    case .maximum: return chain("Max", inputs, title)
    case .minimum: return chain("Min", inputs, title)
    case .concatenate:
      return inputs.count == 1
        ? value : add("Concat", inputs, title, [("axis", .integer(shape.count == 3 ? 1 : -1))])
    case .flatten, .reshape, .zeroPadding, .rearrange, .resize:
      return moved(node, title, value, shape)
    }
  }

  /// Combines inputs from left to right.
  private mutating func chain(_ operation: String, _ inputs: [String], _ title: String) -> String {
    inputs.dropFirst().reduce(into: inputs[0]) { $0 = add(operation, [$0, $1], title) }
  }

  private mutating func convolution(
    _ title: String, _ value: String, _ kernel: Tensor, _ bias: Tensor?, _ window: Window,
    over shape: [Int], groups: Int
  ) -> String {
    let permutation = ONNXPermutation(shape: kernel.shape, axes: [3, 2, 0, 1])
    var inputs = [
      value,
      constant(
        "\(title).weight", permutation.axes.map { kernel.shape[$0] }, kernel.values, permutation),
    ]
    if let bias { inputs.append(constant("\(title).bias", bias.shape, bias.values)) }
    return add(
      "Conv", inputs, title,
      [
        ("kernel_shape", .integers([window.size.height, window.size.width])),
        ("dilations", .integers([window.dilation.height, window.dilation.width])),
        ("group", .integer(groups)),
      ] + windowSettings(window, over: shape))
  }

  private mutating func depthwise(
    _ title: String, _ value: String, _ c: DepthwiseConvolution, over shape: [Int]
  ) -> String {
    // The filters of a channel are adjacent in both orders.
    let (rows, columns) = (c.kernel.shape[0], c.kernel.shape[1])
    let filters = c.kernel.shape[2] * c.kernel.shape[3]
    let kernel = Tensor(shape: [rows, columns, 1, filters], values: c.kernel.values)
    let window = Window(
      Extent(rows, columns), strides: c.strides, dilation: c.dilation, padding: c.padding)
    return convolution(
      title, value, kernel, c.bias, window, over: shape, groups: c.kernel.shape[2])
  }

  private func windowSettings(
    _ window: Window, over shape: [Int]
  ) -> [(name: String, value: Setting)] {
    let (rows, columns) = (window.rows(shape[0]), window.columns(shape[1]))
    return [
      ("strides", .integers([window.strides.height, window.strides.width])),
      ("pads", .integers([rows.before, columns.before, rows.after, columns.after])),
    ]
  }

  private mutating func dense(
    _ title: String, _ value: String, _ dense: Dense, _ shape: [Int]
  ) -> String {
    let kernel = constant("\(title).weight", dense.kernel.shape, dense.kernel.values)
    let bias = dense.bias.map { constant("\(title).bias", $0.shape, $0.values) }
    if shape.count == 1 {
      return add("Gemm", [value, kernel] + (bias.map { [$0] } ?? []), title)
    }
    let product = add("MatMul", [channelsLast(value, shape, title), kernel], title)
    let sum = bias.map { add("Add", [product, $0], title) } ?? product
    return channelsFirst(sum, shape, title)
  }

  private mutating func normalization(
    _ title: String, _ value: String, _ b: BatchNormalization, _ shape: [Int]
  ) -> String {
    let count = b.mean.count
    func values(_ tensor: Tensor?, _ missing: Float) -> [Float] {
      tensor?.values ?? Array(repeating: missing, count: count)
    }
    let inputs = [
      constant("\(title).weight", [count], values(b.gamma, 1)),
      constant("\(title).bias", [count], values(b.beta, 0)),
      constant("\(title).running_mean", [count], b.mean.values),
      constant("\(title).running_var", [count], b.variance.values),
    ]
    // The channels of other values are the last axis.
    let isSequence = shape.count == 2
    let turned =
      isSequence ? add("Transpose", [value], title, [("perm", .integers([0, 2, 1]))]) : value
    let result = add(
      "BatchNormalization", [turned] + inputs, title, [("epsilon", .float(b.epsilon))])
    return isSequence
      ? add("Transpose", [result], title, [("perm", .integers([0, 2, 1]))]) : result
  }

  private mutating func normalization(
    _ title: String, _ value: String, _ n: LayerNormalization, _ shape: [Int], _ node: Graph.Node
  ) throws(GraphError) -> String {
    let count = node.channels
    let gamma = n.gamma?.values ?? Array(repeating: 1, count: count)
    switch n.scope {
    case .position:
      var inputs = [
        channelsLast(value, shape, title), constant("\(title).weight", [count], gamma),
      ]
      if let beta = n.beta { inputs.append(constant("\(title).bias", [count], beta.values)) }
      let result = add(
        "LayerNormalization", inputs, title,
        [("axis", .integer(-1)), ("epsilon", .float(n.epsilon))])
      return channelsFirst(result, shape, title)
    case .groups(let groups):
      guard shape.count != 2 else {
        throw GraphError(
          node: node.name, "a group normalization of a sequence has no form in ONNX \(version)")
      }
      let beta = n.beta?.values ?? Array(repeating: 0, count: count)
      let epsilon: [(name: String, value: Setting)] = [("epsilon", .float(n.epsilon))]
      if shape.count == 3, groups == count {
        let inputs = [
          constant("\(title).weight", [count], gamma), constant("\(title).bias", [count], beta),
        ]
        return add("InstanceNormalization", [value] + inputs, title, epsilon)
      }
      // Each group as a channel of its own.
      let apart = constant("\(title).groups", [0, groups, -1, 1])
      let ones = constant(
        "\(title).ones", [groups], Array(repeating: 1, count: groups))
      let zeros = constant(
        "\(title).zeros", [groups], Array(repeating: 0, count: groups))
      let grouped = add("Reshape", [value, apart], title)
      let normal = add("InstanceNormalization", [grouped, ones, zeros], title, epsilon)
      let whole = constant(
        "\(title).shape", shape.count == 3 ? [0, count, shape[0], shape[1]] : [0, count])
      let result = add("Reshape", [normal, whole], title)
      return rescaling(title, result, Rescaling(scale: gamma, offset: beta), rank: shape.count)
    }
  }

  private mutating func responseNormalization(
    _ title: String, _ value: String, _ n: ResponseNormalization, _ shape: [Int]
  ) -> String {
    let settings: [(name: String, value: Setting)] = [
      ("size", .integer(n.size)), ("alpha", .float(n.alpha)), ("beta", .float(n.beta)),
      ("bias", .float(n.bias)),
    ]
    guard shape.count != 3, let channels = shape.last else {
      return add("LRN", [value], title, settings)
    }
    // ONNX Runtime has the operator for images alone.
    func reshaped(_ value: String, _ extents: [Int]) -> String {
      add("Reshape", [value, constant("\(title).shape", [0] + extents)], title)
    }
    func exchanged(_ value: String) -> String {
      add("Transpose", [value], title, [("perm", .integers([0, 2, 1]))])
    }
    let first = exchanged(reshaped(value, [-1, channels]))
    let result = add("LRN", [reshaped(first, [channels, -1, 1])], title, settings)
    return reshaped(exchanged(reshaped(result, [channels, -1])), shape)
  }

  private mutating func rescaling(
    _ title: String, _ value: String, _ r: Rescaling, rank: Int
  ) -> String {
    func shape(_ values: [Float]) -> [Int] {
      values.count == 1 ? [] : [values.count] + (rank == 3 ? [1, 1] : [])
    }
    var result = value
    if r.scale.contains(where: { $0 != 1 }) {
      result = add(
        "Mul", [result, constant("\(title).scale", shape(r.scale), r.scale)], title)
    }
    if r.offset.contains(where: { $0 != 0 }) {
      result = add(
        "Add", [result, constant("\(title).offset", shape(r.offset), r.offset)], title)
    }
    return result
  }
}
