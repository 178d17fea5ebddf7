import InferenceGraph

/// a * erf(x / sqrt(2)) + b, which exporters multiply by x for a Gaussian error linear unit.
struct ONNXGaussian {
  /// x.
  let input: ONNXActivation
  var scale: Float
  var offset: Float
}

extension ONNXImporter {
  /// Notes the error function of x / sqrt(2).
  mutating func errorFunction(_ call: ONNXCall) throws {
    let value = try anyOrder(0, of: call)
    let node = graph.nodes[value.node]
    let root: Float = 0.70710678
    guard case .rescaling(let r) = node.operation, node.activation == .linear, r.scale.count == 1,
      abs(r.scale[0] - root) < 1e-5, r.offset == [0], let output = call.node.outputs.first,
      results[value.node] == call.node.inputs[0]
    else {
      throw call.unsupported("only the error function of x / sqrt(2) is supported, as in GELU")
    }
    let input = ONNXActivation(node: node.inputs[0], layout: value.layout)
    // Nothing else reads the quotient.
    if readers[call.node.inputs[0]] == 1, value.node == graph.nodes.count - 1 {
      graph.nodes.removeLast()
      results[value.node] = nil
    }
    gaussians[output] = ONNXGaussian(input: input, scale: 1, offset: 0)
  }

  /// Adds a sum or product with an error function; nil if no input is one.
  ///
  /// - Returns: The result, if it is the linear unit.
  mutating func gaussian(_ call: ONNXCall) throws -> ONNXActivation?? {
    guard let place = call.node.inputs.firstIndex(where: { gaussians[$0] != nil }) else {
      return .none
    }
    guard call.node.inputs.count == 2, var gaussian = gaussians[call.node.inputs[place]],
      let output = call.node.outputs.first
    else { throw call.unsupported("only GELU is supported with an error function") }
    switch (call.kind, try value(1 - place, of: call)) {
    case (.add, .constant(let constant)?) where constant.count == 1:
      gaussian.offset += try constant.values(in: file)[0]
    case (.mul, .constant(let constant)?) where constant.count == 1:
      let factor = try constant.values(in: file)[0]
      gaussian.scale *= factor
      gaussian.offset *= factor
    case (.mul, .activation(let other)?):
      var factor = 2 * gaussian.scale
      var isEqual = other == gaussian.input
      let node = graph.nodes[other.node]
      if !isEqual, case .rescaling(let r) = node.operation, node.activation == .linear,
        r.scale.count == 1, r.offset == [0], node.inputs == [gaussian.input.node],
        other.layout == gaussian.input.layout
      {
        factor *= r.scale[0]
        isEqual = true
      }
      guard isEqual, gaussian.scale == gaussian.offset else {
        throw call.unsupported("only GELU is supported with an error function")
      }
      let unit = try append(
        call, .activation, [gaussian.input.node], activation: .gelu(approximate: false),
        part: factor == 1 ? nil : "unit")
      guard factor != 1 else {
        return ONNXActivation(node: unit, layout: gaussian.input.layout)
      }
      let node2 = try append(call, .rescaling(Rescaling(scale: [factor])), [unit])
      return ONNXActivation(node: node2, layout: gaussian.input.layout)
    default: throw call.unsupported("only GELU is supported with an error function")
    }
    gaussians[output] = gaussian
    return .some(nil)
  }
}
