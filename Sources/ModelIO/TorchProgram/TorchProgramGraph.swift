/// The graph of a program of `torch.export` as a network of ONNX operators.
struct TorchProgramGraph {
  /// The network.
  private(set) var catalogue = ONNXCatalogue()
  /// The names of values in the network by those in the program.
  private var names: [String: String] = [:]
  /// The shapes of the program's values; nil for an extent that is not fixed.
  private let shapes: [String: [Int?]]
  /// The names of the tensors with weights.
  private var weights: Set<String> = []

  /// Translates a graph.
  ///
  /// - Parameters:
  ///   - program: The contents of `model.json`.
  ///   - tensors: The tensors of the file.
  /// - Throws: ``StateRefusal`` if it has another form, or an operator that is not supported.
  init(_ program: JSON, tensors: [StateTensor]) throws(StateRefusal) {
    guard let module = program["graph_module"], let graph = module["graph"],
      let nodes = graph["nodes"]?.array, let outputs = graph["outputs"]?.array,
      let specifications = module["signature"]?["input_specs"]?.array,
      let values = graph["tensor_values"]?.members
    else { throw TorchProgram.damaged("its graph has another form") }
    guard nodes.count <= ONNXCatalogue.maximumNodes else {
      throw StateRefusal(.pickleSize, "has more operators than any network")
    }
    shapes = Dictionary(values.map { ($0.key, Self.shape($0.value)) }) { first, _ in first }
    catalogue.version = 10
    catalogue.operatorSets = [.init(domain: "", version: 20)]
    catalogue.name = "program"
    for tensor in tensors {
      weights.insert(tensor.name)
      catalogue.tensors.append(
        ONNXTensor(
          name: tensor.name, type: tensor.type.rawValue, shape: tensor.shape.map { Int64($0) },
          place: .nowhere))
    }
    try takeInputs(specifications)
    for node in nodes {
      let node = try TorchProgramNode(node)
      try translate(node)
    }
    guard outputs.count == 1, let output = outputs[0]["as_tensor"]?["name"]?.string else {
      throw StateRefusal(
        .stateUnsupported,
        "has \(outputs.count) outputs; export a module that returns the scores alone")
    }
    let name = try value(output)
    catalogue.outputs = [
      .init(name: name, type: ONNXElementType.float.rawValue, shape: extents(output))
    ]
  }

  private static func shape(_ value: JSON) -> [Int?] {
    (value["sizes"]?.array ?? []).map { $0["as_int"]?.int }
  }

  private func extents(_ name: String) -> [Int64?] {
    (shapes[name] ?? []).map { $0.map { Int64($0) } }
  }

  private mutating func takeInputs(_ specifications: [JSON]) throws(StateRefusal) {
    for specification in specifications {
      let kinds = [
        ("parameter", "parameter_name"), ("buffer", "buffer_name"),
        ("tensor_constant", "tensor_constant_name"),
      ]
      if let input = specification["user_input"]?["arg"]?["as_tensor"]?["name"]?.string {
        guard catalogue.inputs.isEmpty else {
          throw StateRefusal(
            .stateUnsupported, "has several inputs; export a module that takes images alone")
        }
        names[input] = input
        catalogue.inputs = [
          .init(name: input, type: ONNXElementType.float.rawValue, shape: extents(input))
        ]
      } else if let (kind, key) = kinds.first(where: { specification[$0.0] != nil }),
        let name = specification[kind]?["arg"]?["name"]?.string,
        let target = specification[kind]?[key]?.string
      {
        guard weights.contains(target) else {
          throw TorchProgram.damaged("it lacks the tensor '\(abbreviated(target))'")
        }
        names[name] = target
      } else {
        throw StateRefusal(
          .stateUnsupported,
          "has an input that is no image; export a module that takes images alone")
      }
    }
    guard !catalogue.inputs.isEmpty else {
      throw StateRefusal(.stateUnsupported, "has no input; export a module that takes images")
    }
  }

  // MARK: Values

  private func value(_ name: String) throws(StateRefusal) -> String {
    guard let known = names[name] else {
      throw TorchProgram.damaged("its operators read '\(abbreviated(name))', which none writes")
    }
    return known
  }

  private func rank(_ node: TorchProgramNode, _ argument: String) throws(StateRefusal) -> Int {
    guard let shape = shapes[try node.tensor(argument)] else {
      throw node.unsupported("the shape of its input is not known")
    }
    return shape.count
  }

  /// Returns an axis counted from 0.
  private func axis(
    _ axis: Int, _ node: TorchProgramNode, of rank: Int
  ) throws(StateRefusal) -> Int {
    guard (-rank..<rank).contains(axis) else { throw node.unsupported("it has no axis \(axis)") }
    return axis < 0 ? axis + rank : axis
  }

  // MARK: Nodes

  /// Appends an operator of ONNX, and returns the name of its result.
  @discardableResult
  private mutating func append(
    _ operation: String, _ inputs: [String], _ attributes: [(String, ONNXAttribute.Content)] = [],
    as name: String, part: String? = nil
  ) -> String {
    // Names of the program and of the state dict may be equal.
    let output = "\(name):\(part ?? "out")"
    catalogue.nodes.append(
      ONNXCatalogue.Node(
        making: part.map { "\(name)/\($0)" } ?? name, operation, of: inputs, output, attributes))
    return output
  }

  private mutating func constant(_ tensor: ONNXTensor, _ name: String, _ part: String) -> String {
    append("Constant", [], [("value", .tensor(tensor))], as: name, part: part)
  }

  private mutating func constant(_ value: Double, _ name: String, _ part: String) -> String {
    let bits = Float(value).bitPattern
    let bytes = (0..<UInt32(4)).map { UInt8(truncatingIfNeeded: bits >> (8 * $0)) }
    return constant(
      ONNXTensor(type: ONNXElementType.float.rawValue, shape: [], storage: .decoded(bytes)), name,
      part)
  }

  private mutating func constant(_ values: [Int], _ name: String, _ part: String) -> String {
    let bytes = values.flatMap { value in
      (0..<8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }
    return constant(
      ONNXTensor(
        type: ONNXElementType.int64.rawValue, shape: [Int64(values.count)],
        storage: .decoded(bytes)), name, part)
  }

  // MARK: Operators

  private mutating func translate(_ node: TorchProgramNode) throws(StateRefusal) {
    // An operator that changes its input in place gives the same result.
    var parts = node.target.split(separator: ".").map(String.init)
    if let first = parts.first, first.hasSuffix("_"), !first.hasPrefix("_") {
      parts[0].removeLast()
    }
    names[node.name] = try result(parts.joined(separator: "."), node)
  }

  /// Appends what an operator stands for, and returns the name of its result.
  private mutating func result(
    _ target: String, _ node: TorchProgramNode
  ) throws(StateRefusal) -> String {
    if let name = Self.alike[target] { return try elementwise(node, name) }
    switch target {
    case "conv2d.default", "conv2d.padding": return try convolution(node)
    case "batch_norm.default": return try normalization(node)
    case "layer_norm.default": return try layerNormalization(node)
    case "linear.default": return try linear(node)
    case "max_pool2d.default": return try pooling(node, "MaxPool")
    case "avg_pool2d.default": return try pooling(node, "AveragePool")
    case "adaptive_avg_pool2d.default": return try adaptivePooling(node)
    case "mean.dim": return try mean(node)
    case "add.Tensor", "sub.Tensor": return try sum(node, isSum: target == "add.Tensor")
    case "mul.Tensor", "div.Tensor":
      return append(target == "mul.Tensor" ? "Mul" : "Div", try operands(node), as: node.name)
    case "cat.default":
      var inputs: [String] = []
      for name in try node.tensors("tensors") { inputs.append(try value(name)) }
      return append(
        "Concat", inputs, [("axis", .integer(Int64(try node.integer("dim", 0))))], as: node.name)
    case "flatten.using_ints": return try flatten(node)
    case "view.default", "reshape.default", "_unsafe_view.default": return try reshape(node)
    case "permute.default", "transpose.int", "t.default": return try transpose(node)
    case "constant_pad_nd.default", "pad.default": return try padding(node)
    case "dropout.default", "feature_dropout.default", "alpha_dropout.default":
      guard try !node.bool("train", true) else {
        throw node.unsupported("it drops values; call model.eval() before the export")
      }
      return try value(try node.tensor("input"))
    case "contiguous.default", "clone.default", "alias.default", "detach.default":
      return try value(try node.tensor("self"))
    default: return try activation(target, node)
    }
  }

  /// Operators that ONNX has under another name, of one input and without settings.
  private static let alike: [String: String] = [
    "relu.default": "Relu", "sigmoid.default": "Sigmoid", "tanh.default": "Tanh",
    "hardswish.default": "HardSwish", "mish.default": "Mish", "exp.default": "Exp",
    "selu.default": "Selu", "softsign.default": "Softsign", "neg.default": "Neg",
  ]

  private mutating func elementwise(
    _ node: TorchProgramNode, _ operation: String,
    _ attributes: [(String, ONNXAttribute.Content)] = []
  ) throws(StateRefusal) -> String {
    append(operation, [try value(try node.tensor("self"))], attributes, as: node.name)
  }

  private mutating func activation(
    _ target: String, _ node: TorchProgramNode
  ) throws(StateRefusal) -> String {
    switch target {
    case "silu.default":
      let input = try value(try node.tensor("self"))
      let gate = append("Sigmoid", [input], as: node.name, part: "gate")
      return append("Mul", [input, gate], as: node.name)
    case "relu6.default": return try clip(node, 0, 6)
    case "hardtanh.default":
      return try clip(node, node.number("min_val", -1), node.number("max_val", 1))
    case "hardsigmoid.default":
      return try elementwise(
        node, "HardSigmoid", [("alpha", .float(1 / 6)), ("beta", .float(0.5))])
    case "elu.default":
      guard try node.number("scale", 1) == 1, try node.number("input_scale", 1) == 1 else {
        throw node.unsupported("scales other than 1 are not supported")
      }
      return try elementwise(node, "Elu", [("alpha", .float(Float(try node.number("alpha", 1))))])
    case "leaky_relu.default":
      let slope = Float(try node.number("negative_slope", 0.01))
      return try elementwise(node, "LeakyRelu", [("alpha", .float(slope))])
    case "gelu.default":
      return try elementwise(
        node, "Gelu", [("approximate", .text(try node.text("approximate", "none")))])
    case "softplus.default":
      guard try node.number("beta", 1) == 1, try node.number("threshold", 20) == 20 else {
        throw node.unsupported("other settings than the standard ones are not supported")
      }
      return try elementwise(node, "Softplus")
    case "prelu.default":
      let slope = try value(try node.tensor("weight"))
      guard let index = catalogue.tensors.firstIndex(where: { $0.name == slope }),
        let count = catalogue.tensors[index].shape.first
      else { throw node.unsupported("its slopes are no weight") }
      // ONNX compares shapes from the last axis on.
      catalogue.tensors[index].shape = count == 1 ? [1] : [count, 1, 1]
      return append("PRelu", [try value(try node.tensor("self")), slope], as: node.name)
    case "softmax.int", "log_softmax.int":
      return try elementwise(
        node, target == "softmax.int" ? "Softmax" : "LogSoftmax",
        [("axis", .integer(Int64(try node.integer("dim"))))])
    default:
      throw node.unsupported(
        "it is an operator that is not supported; 'runner new onnx-export' exports the network as "
          + "ONNX, which may have simpler ones")
    }
  }

  private mutating func clip(
    _ node: TorchProgramNode, _ low: Double, _ high: Double
  ) throws(StateRefusal) -> String {
    let bounds = [constant(low, node.name, "min"), constant(high, node.name, "max")]
    return append("Clip", [try value(try node.tensor("self"))] + bounds, as: node.name)
  }

  private static func pads(_ pair: [Int]) -> ONNXAttribute.Content {
    .integers((pair + pair).map { Int64($0) })
  }

  private mutating func convolution(_ node: TorchProgramNode) throws(StateRefusal) -> String {
    var inputs = [try value(try node.tensor("input")), try value(try node.tensor("weight"))]
    if node.has("bias") { inputs.append(try value(try node.tensor("bias"))) }
    func integers(_ argument: String) throws(StateRefusal) -> ONNXAttribute.Content {
      .integers(try node.pair(argument, [1, 1]).map { Int64($0) })
    }
    var attributes: [(String, ONNXAttribute.Content)] = [
      ("strides", try integers("stride")), ("dilations", try integers("dilation")),
      ("group", .integer(Int64(try node.integer("groups", 1)))),
    ]
    if node.target == "conv2d.padding" {
      let isSame = try node.text("padding", "valid") == "same"
      attributes.append(("auto_pad", .text(isSame ? "SAME_UPPER" : "VALID")))
    } else {
      attributes.append(("pads", Self.pads(try node.pair("padding", [0, 0]))))
    }
    return append("Conv", inputs, attributes, as: node.name)
  }

  private mutating func normalization(_ node: TorchProgramNode) throws(StateRefusal) -> String {
    guard try !node.bool("training", true) else {
      throw node.unsupported(
        "it normalizes by the batch's statistics; call model.eval() before the export")
    }
    var inputs = [try value(try node.tensor("input"))]
    for argument in ["weight", "bias", "running_mean", "running_var"] {
      guard node.has(argument) else {
        throw node.unsupported("normalization without '\(argument)' is not supported")
      }
      inputs.append(try value(try node.tensor(argument)))
    }
    let epsilon = Float(try node.number("eps", 1e-5))
    return append("BatchNormalization", inputs, [("epsilon", .float(epsilon))], as: node.name)
  }

  private mutating func layerNormalization(
    _ node: TorchProgramNode
  ) throws(StateRefusal) -> String {
    let axes = try node.integers("normalized_shape").count
    guard node.has("weight") else {
      throw node.unsupported("normalization without a weight is not supported")
    }
    var inputs = [try value(try node.tensor("input")), try value(try node.tensor("weight"))]
    if node.has("bias") { inputs.append(try value(try node.tensor("bias"))) }
    let epsilon = Float(try node.number("eps", 1e-5))
    return append(
      "LayerNormalization", inputs,
      [("axis", .integer(Int64(-axes))), ("epsilon", .float(epsilon))], as: node.name)
  }

  private mutating func linear(_ node: TorchProgramNode) throws(StateRefusal) -> String {
    let input = try value(try node.tensor("input"))
    let weight = try value(try node.tensor("weight"))
    let bias = node.has("bias") ? [try value(try node.tensor("bias"))] : []
    if try rank(node, "input") == 2 {
      return append("Gemm", [input, weight] + bias, [("transB", .integer(1))], as: node.name)
    }
    let turned = append(
      "Transpose", [weight], [("perm", .integers([1, 0]))], as: node.name, part: "kernel")
    let product = append("MatMul", [input, turned], as: node.name, part: "product")
    return bias.isEmpty ? product : append("Add", [product] + bias, as: node.name)
  }

  private mutating func pooling(
    _ node: TorchProgramNode, _ operation: String
  ) throws(StateRefusal) -> String {
    let size = try node.pair("kernel_size", [])
    guard size.count == 2 else { throw node.unsupported("its windows have no size") }
    var attributes: [(String, ONNXAttribute.Content)] = [
      ("kernel_shape", .integers(size.map { Int64($0) })),
      ("strides", .integers(try node.pair("stride", size).map { Int64($0) })),
      ("pads", Self.pads(try node.pair("padding", [0, 0]))),
      ("ceil_mode", .integer(try node.bool("ceil_mode", false) ? 1 : 0)),
    ]
    if operation == "MaxPool" {
      attributes.append(
        ("dilations", .integers(try node.pair("dilation", [1, 1]).map { Int64($0) })))
    } else {
      guard !node.has("divisor_override") else {
        throw node.unsupported("another divisor than the window's size is not supported")
      }
      let counts = try node.bool("count_include_pad", true)
      attributes.append(("count_include_pad", .integer(counts ? 1 : 0)))
    }
    return append(operation, [try value(try node.tensor("self"))], attributes, as: node.name)
  }

  private mutating func adaptivePooling(_ node: TorchProgramNode) throws(StateRefusal) -> String {
    let input = try node.tensor("self")
    let size = try node.pair("output_size", [])
    if size == [1, 1] { return append("GlobalAveragePool", [try value(input)], as: node.name) }
    let extents = (shapes[input] ?? []).suffix(2).compactMap { $0 }
    guard size.count == 2, extents.count == 2, size.allSatisfy({ $0 > 0 }),
      zip(extents, size).allSatisfy({ $0.isMultiple(of: $1) })
    else {
      throw node.unsupported(
        "a mean over \(described(extents)) as \(described(size)) is not supported")
    }
    let window = zip(extents, size).map { Int64($0 / $1) }
    return append(
      "AveragePool", [try value(input)],
      [("kernel_shape", .integers(window)), ("strides", .integers(window))], as: node.name)
  }

  private mutating func mean(_ node: TorchProgramNode) throws(StateRefusal) -> String {
    let axes = constant(try node.integers("dim"), node.name, "axes")
    let keeps = try node.bool("keepdim", false)
    return append(
      "ReduceMean", [try value(try node.tensor("self")), axes],
      [("keepdims", .integer(keeps ? 1 : 0))], as: node.name)
  }

  /// Returns the operands of an operator, of which the second may be a number.
  private mutating func operands(_ node: TorchProgramNode) throws(StateRefusal) -> [String] {
    [
      try value(try node.tensor("self")),
      node.isTensor("other")
        ? try value(try node.tensor("other"))
        : constant(try node.number("other"), node.name, "other"),
    ]
  }

  private mutating func sum(
    _ node: TorchProgramNode, isSum: Bool
  ) throws(StateRefusal) -> String {
    guard try node.number("alpha", 1) == 1 else {
      throw node.unsupported("a factor other than 1 is not supported")
    }
    return append(isSum ? "Add" : "Sub", try operands(node), as: node.name)
  }

  private mutating func flatten(_ node: TorchProgramNode) throws(StateRefusal) -> String {
    let rank = try rank(node, "self")
    guard try node.integer("start_dim", 0) == 1,
      try axis(node.integer("end_dim", -1), node, of: rank) == rank - 1
    else { throw node.unsupported("other axes than all behind the first are not supported") }
    return append(
      "Flatten", [try value(try node.tensor("self"))], [("axis", .integer(1))], as: node.name)
  }

  private mutating func reshape(_ node: TorchProgramNode) throws(StateRefusal) -> String {
    let argument = node.has("size") ? "size" : "shape"
    var extents: [Int] = []
    for (index, extent) in try node.extents(argument).enumerated() {
      // The number of images; 0 takes over the input's.
      guard let extent = extent ?? (index == 0 ? 0 : nil) else {
        throw node.unsupported("a shape that is not fixed is not supported")
      }
      extents.append(extent)
    }
    let shape = constant(extents, node.name, "shape")
    return append("Reshape", [try value(try node.tensor("self")), shape], as: node.name)
  }

  private mutating func transpose(_ node: TorchProgramNode) throws(StateRefusal) -> String {
    let rank = try rank(node, "self")
    var order = Array(0..<rank)
    switch node.target {
    case "permute.default":
      order = []
      for number in try node.integers("dims") { order.append(try axis(number, node, of: rank)) }
    case "transpose.int":
      let first = try axis(node.integer("dim0"), node, of: rank)
      order.swapAt(first, try axis(node.integer("dim1"), node, of: rank))
    default: order.reverse()
    }
    return append(
      "Transpose", [try value(try node.tensor("self"))],
      [("perm", .integers(order.map { Int64($0) }))], as: node.name)
  }

  private mutating func padding(_ node: TorchProgramNode) throws(StateRefusal) -> String {
    let rank = try rank(node, "self")
    let pads = try node.integers("pad")
    let filling = node.has("value") ? try node.number("value") : 0
    guard try node.text("mode", "constant") == "constant", filling == 0,
      pads.count.isMultiple(of: 2), pads.count <= 2 * rank
    else { throw node.unsupported("only padding with zeros is supported") }
    // Pairs of before and after from the last axis on; ONNX has all before, then all after.
    var (before, after) = (Array(repeating: 0, count: rank), Array(repeating: 0, count: rank))
    for index in 0..<pads.count / 2 {
      before[rank - 1 - index] = pads[2 * index]
      after[rank - 1 - index] = pads[2 * index + 1]
    }
    let amounts = constant(before + after, node.name, "pads")
    return append("Pad", [try value(try node.tensor("self")), amounts], as: node.name)
  }
}
