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
    for node in nodes where !TorchProgramNode.computesNumbers(node) {
      try translate(try TorchProgramNode(node))
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
    if ["chunk.default", "split.Tensor", "split_with_sizes.default"].contains(node.target) {
      return try split(node)
    }
    guard node.outputs.count == 1 else {
      throw node.unsupported("it has \(node.outputs.count) results, which is not supported")
    }
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
    case "matmul.default", "bmm.default":
      let other = target == "matmul.default" ? "other" : "mat2"
      let operands = [try value(try node.tensor("self")), try value(try node.tensor(other))]
      return append("MatMul", operands, as: node.name)
    case "scaled_dot_product_attention.default": return try attention(node)
    case "unflatten.int", "unsqueeze.default", "squeeze.dim", "squeeze.dims":
      return try reshapeToResult(node)
    case "expand.default": return try expand(node)
    case "select.int": return try select(node)
    case "slice.Tensor": return try slice(node)
    case "dropout.default", "feature_dropout.default", "alpha_dropout.default":
      guard try !node.bool("train", true) else {
        throw node.unsupported("it drops values; call model.eval() before the export")
      }
      // The form that changes its input has another name for it.
      return try value(try node.tensor(node.isTensor("input") ? "input" : "self"))
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
      let factor = Float(try node.number("negative_slope", 0.01))
      return try elementwise(node, "LeakyRelu", [("alpha", .float(factor))])
    case "gelu.default":
      return try elementwise(
        node, "Gelu", [("approximate", .text(try node.text("approximate", "none")))])
    case "softplus.default":
      guard try node.number("beta", 1) == 1, try node.number("threshold", 20) == 20 else {
        throw node.unsupported("other settings than the standard ones are not supported")
      }
      return try elementwise(node, "Softplus")
    case "prelu.default":
      let factors = try value(try node.tensor("weight"))
      guard let index = catalogue.tensors.firstIndex(where: { $0.name == factors }),
        let count = catalogue.tensors[index].shape.first
      else { throw node.unsupported("its factors are no weight") }
      // ONNX compares shapes from the last axis on.
      catalogue.tensors[index].shape = count == 1 ? [1] : [count, 1, 1]
      return append("PRelu", [try value(try node.tensor("self")), factors], as: node.name)
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
    // A row for each image, not for each part of one.
    let shape = shapes[try node.tensor("input")] ?? []
    if shape.count == 2, shape[0].map({ Int64($0) }) == catalogue.inputs[0].shape.first ?? nil {
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

  // MARK: Parts

  /// Appends a change of shape whose result is known.
  private mutating func reshapeToResult(_ node: TorchProgramNode) throws(StateRefusal) -> String {
    let shape = try fixedShape(node.name, node)
    let extents = constant(shape, node.name, "shape")
    return append("Reshape", [try value(try node.tensor("self")), extents], as: node.name)
  }

  /// Returns the shape of a value; 0 in place of a number of images that is not fixed.
  private func fixedShape(
    _ name: String, _ node: TorchProgramNode
  ) throws(StateRefusal) -> [Int] {
    guard let shape = shapes[name] else {
      throw node.unsupported("the shape of its result is not known")
    }
    let extents = shape.enumerated().compactMap { $1 ?? ($0 == 0 ? 0 : nil) }
    guard extents.count == shape.count else {
      throw node.unsupported("a shape that is not fixed is not supported; export it for one image")
    }
    return extents
  }

  private mutating func expand(_ node: TorchProgramNode) throws(StateRefusal) -> String {
    let extents = try fixedShape(node.name, node).map { max($0, 1) }
    let shape = constant(extents, node.name, "shape")
    return append("Expand", [try value(try node.tensor("self")), shape], as: node.name)
  }

  private mutating func select(_ node: TorchProgramNode) throws(StateRefusal) -> String {
    let index = try node.integer("index")
    let bytes = (0..<8).map { UInt8(truncatingIfNeeded: index >> (8 * $0)) }
    let place = constant(
      ONNXTensor(type: ONNXElementType.int64.rawValue, shape: [], storage: .decoded(bytes)),
      node.name, "index")
    return append(
      "Gather", [try value(try node.tensor("self")), place],
      [("axis", .integer(Int64(try node.integer("dim"))))], as: node.name)
  }

  /// Appends the positions from one to before another on an axis.
  private mutating func positions(
    _ range: Range<Int>, by step: Int = 1, axis: Int, of name: String, as result: String
  ) throws(StateRefusal) -> String {
    let numbers = [("starts", range.lowerBound), ("ends", range.upperBound), ("axes", axis)]
    let inputs = (numbers + [("steps", step)]).map { constant([$1], result, $0) }
    return append("Slice", [name] + inputs, as: result)
  }

  private mutating func slice(_ node: TorchProgramNode) throws(StateRefusal) -> String {
    let input = try node.tensor("self")
    let shape = shapes[input] ?? []
    let axis = try axis(node.integer("dim", 0), node, of: shape.count)
    guard let extent = shape[axis] ?? (axis == 0 ? .max : nil) else {
      throw node.unsupported("an axis that is not fixed is not supported")
    }
    func place(_ argument: String, _ standard: Int) throws(StateRefusal) -> Int {
      let place = node.has(argument) ? try node.integer(argument) : standard
      return min(max(place < 0 && extent < .max ? place + extent : place, 0), extent)
    }
    let (start, end) = (try place("start", 0), try place("end", extent))
    let step = try node.integer("step", 1)
    guard start <= end, step > 0 else { throw node.unsupported("its range is empty") }
    // All of an axis, such as that of the images.
    if start == 0, end >= extent, step == 1 { return try value(input) }
    return try positions(
      start..<end, by: step, axis: axis, of: value(input), as: node.name)
  }

  /// Appends the parts of an axis, one result each.
  private mutating func split(_ node: TorchProgramNode) throws(StateRefusal) {
    let input = try node.tensor("self")
    let axis = try axis(node.integer("dim", 0), node, of: rank(node, "self"))
    var start = 0
    for output in node.outputs {
      guard let shape = shapes[output], shape.indices.contains(axis), let extent = shape[axis]
      else {
        throw node.unsupported("the shapes of its results are not known")
      }
      names[output] = try positions(
        start..<start + extent, axis: axis, of: value(input), as: output)
      start += extent
    }
  }

  /// Appends softmax(q k^T * scale) v (Vaswani et al. 2017, section 3.2.1).
  private mutating func attention(_ node: TorchProgramNode) throws(StateRefusal) -> String {
    let (query, key) = (try node.tensor("query"), try node.tensor("key"))
    let rank = try rank(node, "key")
    guard !node.has("attn_mask"), try !node.bool("is_causal", false),
      try node.number("dropout_p", 0) == 0, try !node.bool("enable_gqa", false), rank >= 2,
      let width = shapes[query]?.last ?? nil
    else { throw node.unsupported("masks and dropout are not supported") }
    let standard = 1 / Double(width).squareRoot()
    let factor = node.has("scale") ? try node.number("scale", standard) : standard
    var order = Array(0..<rank)
    order.swapAt(rank - 1, rank - 2)
    let turned = append(
      "Transpose", [try value(key)], [("perm", .integers(order.map { Int64($0) }))],
      as: node.name, part: "key")
    let products = append("MatMul", [try value(query), turned], as: node.name, part: "products")
    let scale = constant(factor, node.name, "scale")
    let scaled = append("Mul", [products, scale], as: node.name, part: "scaled")
    let weights = append(
      "Softmax", [scaled], [("axis", .integer(-1))], as: node.name, part: "weights")
    return append("MatMul", [weights, try value(try node.tensor("value"))], as: node.name)
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
