import InferenceGraph

extension ONNXImporter {
  /// Adds the result of an operator to the values.
  mutating func add(_ call: ONNXCall) throws {
    guard let output = call.node.outputs.first, !output.isEmpty else {
      throw call.node.refusal(.onnxGraph, "it has no result")
    }
    if call.kind == .split, case .activation? = try value(0, of: call) { return try split(call) }
    if call.kind == .gatherND, case .activation? = try value(0, of: call) {
      return try collecting(call)
    }
    if call.kind == .erf { return try errorFunction(call) }
    // Of an error function, a norm or the pixels of windows, only the last result is a value.
    if let partial = try gaussian(call) ?? pooling(ofPixels: call) ?? normalizing(call) {
      if let result = partial { values[output] = .activation(result) }
      return
    }
    // Dropout's mask, the indices of a maximum and statistics for training have no values here.
    for other in call.node.outputs.dropFirst() where readers[other] ?? 0 > 0 {
      throw call.unsupported("its further results are used, which is not supported")
    }
    values[output] = try result(of: call)
  }

  private mutating func result(of call: ONNXCall) throws -> ONNXValue {
    if let folded = try folded(call) { return folded }
    let result =
      switch call.kind {
      case .conv: try convolution(call)
      case .gemm: try gemm(call)
      case .matMul: try matMul(call)
      case .batchNormalization: try batchNormalization(call)
      case .instanceNormalization: try instanceNormalization(call)
      case .layerNormalization: try layerNormalization(call)
      case .responseNormalization: try responseNormalization(call)
      case .pRelu: try parametricReLU(call)
      case .maxPool: try pooling(call, .max)
      case .averagePool: try pooling(call, .average)
      case .globalMaxPool: try globalPooling(call, .max)
      case .globalAveragePool: try globalPooling(call, .average)
      case .reduceMean: try reduction(call, .average)
      case .reduceMax: try reduction(call, .max)
      case .relu, .leakyRelu, .elu, .selu, .celu, .sigmoid, .hardSigmoid, .hardSwish,
        .tanh, .softplus, .softsign, .gelu, .mish, .exp, .clip:
        try activation(call)
      case .softmax: try softmax(call, .softmax)
      case .logSoftmax: try softmax(call, .logSoftmax)
      case .add, .sub, .mul, .div, .neg, .sum, .max, .min: try arithmetic(call)
      case .concat: try concatenation(call)
      case .flatten: try flattening(call)
      case .reshape: try reshaping(call)
      case .transpose: try transposition(call)
      case .squeeze, .unsqueeze: try axesChange(call)
      case .pad: try padding(call)
      case .resize: try resizing(call)
      case .gather: try gathering(call)
      case .slice: try slicing(call)
      case .identity: try anyOrder(0, of: call)
      case .dropout: try dropout(call)
      case .cast, .castLike: try cast(call)
      case .constant, .constantOfShape, .shape, .reduceProd, .expand, .equal, .not, .where, .mod,
        .range,
        .sqrt, .pow, .scatterND, .gatherND, .split, .erf, .reduceL2:
        throw call.unsupported("it is supported for shapes and constants only")
      }
    return .activation(result)
  }

  // MARK: Inputs

  /// Returns an input; nil if the call leaves it out.
  func value(_ index: Int, of call: ONNXCall) throws -> ONNXValue? {
    guard call.node.inputs.indices.contains(index), !call.node.inputs[index].isEmpty else {
      return nil
    }
    let name = call.node.inputs[index]
    guard let value = values[name] else {
      throw call.node.refusal(
        .onnxGraph, "it reads '\(abbreviated(name))', which nothing computes")
    }
    return value
  }

  /// Returns an input that depends on the image, in one of the simple orders.
  mutating func activation(_ index: Int, of call: ONNXCall) throws -> ONNXActivation {
    let value = try anyOrder(index, of: call)
    guard case .axes = value.layout else { return value }
    let result = try simple(value, call)
    values[call.node.inputs[index]] = .activation(result)
    return result
  }

  /// Returns an input of constant floating-point numbers; nil if the call leaves it out.
  func constant(_ index: Int, of call: ONNXCall) throws -> ONNXConstant? {
    switch try value(index, of: call) {
    case nil: return nil
    case .constant(let constant): return constant
    case .activation, .integers:
      throw call.unsupported("its input \(index + 1) must be a constant")
    }
  }

  /// Returns an input of constant floating-point numbers that the operator requires.
  func weights(_ index: Int, of call: ONNXCall) throws -> ONNXConstant {
    guard let constant = try constant(index, of: call) else {
      throw call.node.refusal(.onnxGraph, "its input \(index + 1) is missing")
    }
    return constant
  }

  /// Returns an input of known integers; nil if the call leaves it out.
  func integers(_ index: Int, of call: ONNXCall) throws -> ONNXIntegers? {
    switch try value(index, of: call) {
    case nil: return nil
    case .integers(let integers): return integers
    case .activation, .constant:
      throw call.unsupported("its input \(index + 1) must be known when the model is read")
    }
  }

  /// Returns a list that is an attribute in older versions and an input in newer ones.
  func list(_ name: String, orInput index: Int, of call: ONNXCall) throws -> [Int]? {
    if let attribute = try call.integers(name) { return attribute }
    guard let integers = try integers(index, of: call) else { return nil }
    guard let numbers = integers.numbers else { throw call.unsupported("its \(name) vary") }
    return numbers
  }

  /// Returns a number that is an attribute in older versions and an input in newer ones.
  func number(_ name: String, orInput index: Int, of call: ONNXCall) throws -> Float? {
    if call.has(name) { return try call.float(name, 0) }
    guard let constant = try constant(index, of: call) else { return nil }
    guard constant.count == 1 else { throw call.invalid(name) }
    return try constant.values(in: file)[0]
  }

  // MARK: Orders

  /// Returns the shape of an input in ONNX, without the batch axis.
  func shape(_ value: ONNXActivation) -> [Int] {
    value.layout.shape(of: graph.nodes[value.node].shape)
  }

  /// Returns axes counted from 0, with the batch axis as 0.
  func axes(_ axes: [Int], rank: Int, of call: ONNXCall) throws -> [Int] {
    let result = axes.map { $0 < 0 ? $0 + rank : $0 }
    guard result.allSatisfy((0..<rank).contains), Set(result).count == result.count else {
      throw call.invalid("axes")
    }
    return result
  }

  /// Returns the node of an input as an image with channels last.
  mutating func image(_ index: Int, of call: ONNXCall) throws -> Int {
    let value = try activation(index, of: call)
    let shape = graph.nodes[value.node].shape
    if value.layout == .image { return value.node }
    guard value.layout == .plain, shape.count == 3 else {
      throw call.unsupported(
        "its input has \(self.shape(value).count + 1) axes; images of 4 axes are supported")
    }
    return try moved(value.node, [1, 2, 0], call, "channels_last")
  }

  /// Returns the node of a value with its elements in ONNX's order.
  mutating func plain(_ value: ONNXActivation, _ call: ONNXCall) throws -> Int {
    switch value.layout {
    case .plain: return value.node
    case .image: return try moved(value.node, [2, 0, 1], call, "channels_first")
    case .axes(let axes):
      guard axes.isBatchFirst else { return try plain(try simple(value, call), call) }
      return try arranged(value.node, axes, axes.order, shape(value), call)
    case .flattened(let image):
      return try inOrder(value.node, image, named: Self.neutral(call.node.title))
    }
  }

  /// Appends the permutation of an image; a reshape if no element moves.
  private mutating func moved(
    _ node: Int, _ axes: [Int], _ call: ONNXCall, _ part: String
  ) throws -> Int {
    let shape = graph.nodes[node].shape
    let long = axes.filter { shape[$0] > 1 }
    let operation: Graph.Operation =
      long == long.sorted()
      ? .reshape(axes.map { shape[$0] }) : .rearrange(.permutation(axes: axes))
    return try append(call, operation, [node], part: part)
  }

  /// Appends nodes that bring a flattened image to ONNX's order.
  mutating func inOrder(_ node: Int, _ image: [Int], named name: String) throws -> Int {
    let whole = try graph.append(take("\(name)_image"), .reshape(image), inputs: [node])
    let first = try graph.append(
      take("\(name)_channels_first"), .rearrange(.permutation(axes: [2, 0, 1])), inputs: [whole])
    return try graph.append(take("\(name)_vector"), .flatten, inputs: [first])
  }
}
