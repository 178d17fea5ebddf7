/// Activations, and other operators on each number.
extension TorchProgramGraph {
  /// Operators that ONNX has under another name, of one input and without settings.
  static let alike: [String: String] = [
    "relu.default": "Relu", "sigmoid.default": "Sigmoid", "tanh.default": "Tanh",
    "hardswish.default": "HardSwish", "mish.default": "Mish", "exp.default": "Exp",
    "selu.default": "Selu", "softsign.default": "Softsign", "neg.default": "Neg",
  ]

  mutating func elementwise(
    _ node: TorchProgramNode, _ operation: String,
    _ attributes: [(String, ONNXAttribute.Content)] = []
  ) throws(StateRefusal) -> String {
    append(operation, [try value(try node.tensor("self"))], attributes, as: node.name)
  }

  mutating func activation(
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
}
