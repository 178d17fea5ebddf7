/// The graph of a program of `torch.export` as a network of ONNX operators.
struct TorchProgramGraph {
  /// The network.
  var catalogue = ONNXCatalogue()
  /// The names of values in the network by those in the program.
  var names: [String: String] = [:]
  /// The shapes of the program's values; nil for an extent that is not fixed.
  let shapes: [String: [Int?]]
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

  func value(_ name: String) throws(StateRefusal) -> String {
    guard let known = names[name] else {
      throw TorchProgram.damaged("its operators read '\(abbreviated(name))', which none writes")
    }
    return known
  }

  func rank(_ node: TorchProgramNode, _ argument: String) throws(StateRefusal) -> Int {
    guard let shape = shapes[try node.tensor(argument)] else {
      throw node.unsupported("the shape of its input is not known")
    }
    return shape.count
  }

  /// Returns an axis counted from 0.
  func axis(
    _ axis: Int, _ node: TorchProgramNode, of rank: Int
  ) throws(StateRefusal) -> Int {
    guard (-rank..<rank).contains(axis) else { throw node.unsupported("it has no axis \(axis)") }
    return axis < 0 ? axis + rank : axis
  }

  // MARK: Nodes

  /// Appends an operator of ONNX, and returns the name of its result.
  @discardableResult
  mutating func append(
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

  mutating func constant(_ tensor: ONNXTensor, _ name: String, _ part: String) -> String {
    append("Constant", [], [("value", .tensor(tensor))], as: name, part: part)
  }

  mutating func constant(_ value: Double, _ name: String, _ part: String) -> String {
    let bits = Float(value).bitPattern
    let bytes = (0..<UInt32(4)).map { UInt8(truncatingIfNeeded: bits >> (8 * $0)) }
    return constant(
      ONNXTensor(type: ONNXElementType.float.rawValue, shape: [], storage: .decoded(bytes)), name,
      part)
  }

  mutating func constant(_ values: [Int], _ name: String, _ part: String) -> String {
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
}
