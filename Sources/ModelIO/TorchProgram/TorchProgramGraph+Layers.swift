import InferenceGraph

/// Convolution, normalization, pooling, linear layers and attention.
extension TorchProgramGraph {
  /// The largest height or width of an image that is pooled to a fixed size.
  private static let largestSide = 4096

  private static func pads(_ pair: [Int]) -> ONNXAttribute.Content {
    .integers((pair + pair).map { Int64($0) })
  }

  mutating func convolution(_ node: TorchProgramNode) throws(StateRefusal) -> String {
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

  mutating func normalization(_ node: TorchProgramNode) throws(StateRefusal) -> String {
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

  mutating func layerNormalization(
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

  mutating func linear(_ node: TorchProgramNode) throws(StateRefusal) -> String {
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

  mutating func pooling(
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

  mutating func adaptivePooling(_ node: TorchProgramNode) throws(StateRefusal) -> String {
    let input = try node.tensor("self")
    let size = try node.pair("output_size", [])
    if size == [1, 1] { return append("GlobalAveragePool", [try value(input)], as: node.name) }
    let extents = (shapes[input] ?? []).suffix(2).compactMap { $0 }
    guard size.count == 2, extents.count == 2,
      (size + extents).allSatisfy({ (1...Self.largestSide).contains($0) })
    else {
      throw node.unsupported(
        "a mean over \(described(extents)) as \(described(size)) is not supported")
    }
    let image = try value(input)
    return catalogue.appendPooling(
      AdaptivePooling(height: size[0], width: size[1]), of: image, from: extents, as: node.name)
  }

  mutating func mean(_ node: TorchProgramNode) throws(StateRefusal) -> String {
    let axes = constant(try node.integers("dim"), node.name, "axes")
    let keeps = try node.bool("keepdim", false)
    return append(
      "ReduceMean", [try value(try node.tensor("self")), axes],
      [("keepdims", .integer(keeps ? 1 : 0))], as: node.name)
  }

  /// Appends softmax(q k^T * scale) v (Vaswani et al. 2017, section 3.2.1).
  mutating func attention(_ node: TorchProgramNode) throws(StateRefusal) -> String {
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
}
