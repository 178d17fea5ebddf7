extension Operation {
  /// Returns the shape of the result for inputs of the given shapes.
  ///
  /// - Throws: ``GraphError`` naming `node` if the operation cannot take them.
  func inferredShape(
    inputs: [[Int]], activation: Activation, node: String
  ) throws(GraphError) -> [Int] {
    func fail(_ message: String) -> GraphError { GraphError(node: node, message) }
    let isMerge = [.add, .multiply, .concatenate].contains(self)
    guard isMerge ? inputs.count >= 1 : inputs.count == 1 else {
      throw fail("\(displayName) cannot read \(inputs.count) inputs")
    }
    let input = inputs[0]

    func image() throws(GraphError) -> (height: Int, width: Int, channels: Int) {
      guard input.count == 3 else {
        throw fail("\(displayName) needs an image [height, width, channels], not \(input)")
      }
      return (input[0], input[1], input[2])
    }
    func check(_ tensor: Tensor?, _ role: String, _ shape: [Int]) throws(GraphError) {
      if let tensor, tensor.shape != shape {
        throw fail("its \(role) has shape \(tensor.shape), where \(shape) fits")
      }
    }
    func checkWindow(_ extents: [Extent]) throws(GraphError) {
      for extent in extents
      where !(1...65536).contains(extent.height) || !(1...65536).contains(extent.width) {
        throw fail(
          "a window, stride or dilation of \(extent.height)x\(extent.width) is out of range")
      }
    }

    let shape: [Int]
    switch self {
    case .input:
      throw fail("a graph has one input")
    case .convolution(let c):
      let (height, width, channels) = try image()
      guard c.kernel.shape.count == 4 else { throw fail("its kernel has shape \(c.kernel.shape)") }
      let window = Extent(c.kernel.shape[0], c.kernel.shape[1])
      let filters = c.kernel.shape[3]
      try checkWindow([window, c.strides, c.dilation])
      guard c.groups > 0, filters > 0, channels % c.groups == 0, filters % c.groups == 0 else {
        throw fail(
          "\(c.groups) groups do not divide \(channels) input and \(filters) output channels")
      }
      try check(c.kernel, "kernel", [window.height, window.width, channels / c.groups, filters])
      try check(c.bias, "bias", [filters])
      let (h, w) = try windows(height, width, window, c.strides, c.dilation, c.padding, node)
      shape = [h, w, filters]
    case .depthwiseConvolution(let c):
      shape = try c.inferredShape(try image(), node: node)
      try check(c.bias, "bias", [shape[2]])
    case .separableConvolution(let c):
      let spatial = try c.depthwise.inferredShape(try image(), node: node)
      guard c.pointwise.shape.count == 4 else {
        throw fail("its pointwise kernel has shape \(c.pointwise.shape)")
      }
      let filters = c.pointwise.shape[3]
      try check(c.depthwise.bias, "depthwise bias", [])
      try check(c.pointwise, "pointwise kernel", [1, 1, spatial[2], filters])
      try check(c.bias, "bias", [filters])
      shape = [spatial[0], spatial[1], filters]
    case .pooling(let p):
      let (height, width, channels) = try image()
      try checkWindow([p.window, p.strides])
      let (h, w) = try windows(height, width, p.window, p.strides, .one, p.padding, node)
      shape = [h, w, channels]
    case .globalPooling(_, let keepsDimensions):
      let channels = try image().channels
      shape = keepsDimensions ? [1, 1, channels] : [channels]
    case .dense(let d):
      guard d.kernel.shape.count == 2, let features = input.last else {
        throw fail("its kernel has shape \(d.kernel.shape)")
      }
      try check(d.kernel, "kernel", [features, d.kernel.shape[1]])
      try check(d.bias, "bias", [d.kernel.shape[1]])
      shape = input.dropLast() + [d.kernel.shape[1]]
    case .batchNormalization(let b):
      guard let channels = input.last else { throw fail("its input is empty") }
      try check(b.gamma, "gamma", [channels])
      try check(b.beta, "beta", [channels])
      try check(b.mean, "moving mean", [channels])
      try check(b.variance, "moving variance", [channels])
      shape = input
    case .rescaling(let r):
      for (role, values) in [("scale", r.scale), ("offset", r.offset)]
      where values.count != 1 && values.count != input.last {
        throw fail("its \(role) has \(values.count) values for \(input.last ?? 0) channels")
      }
      shape = input
    case .flatten:
      shape = [input.reduce(1, *)]
    case .reshape(let target):
      guard target.allSatisfy({ (1...Graph.largestElementCount).contains($0) }), target.count <= 8,
        target.reduce(1.0, { $0 * Double($1) }) == Double(input.reduce(1, *))
      else {
        throw fail("\(input) cannot be reshaped to \(target)")
      }
      shape = target
    case .zeroPadding(let top, let bottom, let left, let right):
      let (height, width, channels) = try image()
      guard [top, bottom, left, right].allSatisfy({ (0...65536).contains($0) }) else {
        throw fail("a padding of \([top, bottom, left, right]) is out of range")
      }
      shape = [height + top + bottom, width + left + right, channels]
    case .activation, .trainingOnly:
      shape = input
    case .add, .multiply:
      shape = try broadcastShape(inputs, node)
    case .concatenate:
      guard inputs.allSatisfy({ $0.dropLast() == input.dropLast() && !$0.isEmpty }) else {
        throw fail("inputs of shapes \(inputs) cannot stand side by side")
      }
      shape = input.dropLast() + [inputs.reduce(0) { $0 + $1[$1.count - 1] }]
    case .binaryLogits:
      guard input == [1] else {
        throw fail("\(displayName) need a vector of one element, not \(input)")
      }
      shape = [2]
    }
    if !activation.isElementwise && (shape.isEmpty || shape.last == 0) {
      throw fail("softmax of an empty axis")
    }
    return shape
  }
}

/// Returns the number of windows down and across.
private func windows(
  _ height: Int, _ width: Int, _ window: Extent, _ strides: Extent, _ dilation: Extent,
  _ padding: Padding, _ node: String
) throws(GraphError) -> (Int, Int) {
  let h = WindowAxis(height, window.height, strides.height, dilation.height, padding)
  let w = WindowAxis(width, window.width, strides.width, dilation.width, padding)
  guard h.count > 0, w.count > 0 else {
    throw GraphError(
      node: node,
      "a window of \(window.height)x\(window.width) does not fit into \(height)x\(width)")
  }
  // So much padding is no network's intention, and it would have to be kept in memory.
  guard h.before + h.after <= 2 * height + 64, w.before + w.after <= 2 * width + 64 else {
    throw GraphError(
      node: node,
      "a window of \(window.height)x\(window.width) with dilation \(dilation.height)x\(dilation.width)"
        + " reaches too far beyond \(height)x\(width)")
  }
  return (h.count, w.count)
}

/// Returns the shape that all inputs can be repeated to.
private func broadcastShape(_ inputs: [[Int]], _ node: String) throws(GraphError) -> [Int] {
  var shape = inputs[0]
  for other in inputs.dropFirst() {
    guard other.count == shape.count,
      zip(shape, other).allSatisfy({ $0 == $1 || $0 == 1 || $1 == 1 })
    else { throw GraphError(node: node, "inputs of shapes \(inputs) cannot be combined") }
    shape = zip(shape, other).map { Swift.max($0, $1) }
  }
  return shape
}

extension DepthwiseConvolution {
  fileprivate func inferredShape(
    _ input: (height: Int, width: Int, channels: Int), node: String
  ) throws(GraphError) -> [Int] {
    guard kernel.shape.count == 4, kernel.shape[2] == input.channels, kernel.shape[3] > 0 else {
      throw GraphError(
        node: node, "its depthwise kernel has shape \(kernel.shape) for \(input.channels) channels")
    }
    let window = Extent(kernel.shape[0], kernel.shape[1])
    for extent in [window, strides, dilation]
    where !(1...65536).contains(extent.height) || !(1...65536).contains(extent.width) {
      throw GraphError(
        node: node,
        "a window, stride or dilation of \(extent.height)x\(extent.width) is out of range")
    }
    let (h, w) = try windows(input.height, input.width, window, strides, dilation, padding, node)
    return [h, w, input.channels * kernel.shape[3]]
  }
}

/// The windows along one axis: how many, and how many zeros come before and after.
struct WindowAxis {
  /// The number of windows; zero if none fits.
  let count: Int
  /// Zeros before the first element.
  let before: Int
  /// Zeros after the last element that a window reaches.
  let after: Int

  /// - Parameters: the axis's extent, the window's, the stride, the dilation, the padding.
  init(_ extent: Int, _ window: Int, _ stride: Int, _ dilation: Int, _ padding: Padding) {
    let reach = (window - 1) * dilation + 1
    switch padding {
    case .valid:
      count = extent >= reach ? (extent - reach) / stride + 1 : 0
      before = 0
      after = 0
    case .same:
      count = (extent + stride - 1) / stride
      let total = Swift.max((count - 1) * stride + reach - extent, 0)
      before = total / 2
      after = total - before
    }
  }
}
