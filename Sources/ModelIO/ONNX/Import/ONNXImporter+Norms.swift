import InferenceGraph

/// The Euclidean norm of a value along its last axis, by which the value is divided.
struct ONNXNorm {
  let input: ONNXActivation
  /// The least norm.
  var least: Float
}

extension ONNXImporter {
  /// Follows a norm up to the quotient; nil if the call has none.
  ///
  /// - Returns: The quotient, if it is that.
  mutating func normalizing(_ call: ONNXCall) throws -> ONNXActivation?? {
    guard let output = call.node.outputs.first else { return .none }
    if call.kind == .reduceL2 {
      let value = try anyOrder(0, of: call)
      let rank = axes(of: value).axes.count
      let list = try list("axes", orInput: 1, of: call) ?? []
      guard try axes(list, rank: rank, of: call) == [rank - 1],
        try call.integer("keepdims", 1) != 0
      else { throw call.unsupported("only the norm along the last axis is supported") }
      norms[output] = ONNXNorm(input: value, least: 0)
      return .some(nil)
    }
    guard let place = call.node.inputs.firstIndex(where: { norms[$0] != nil }),
      var norm = norms[call.node.inputs[place]]
    else { return .none }
    switch call.kind {
    case .clip:
      guard try number("max", orInput: 2, of: call) ?? .infinity >= .greatestFiniteMagnitude else {
        throw call.unsupported("only a least norm is supported")
      }
      norm.least = try number("min", orInput: 1, of: call) ?? 0
    case .expand, .identity: break
    case .div where place == 1:
      let value = try anyOrder(0, of: call)
      guard value == norm.input else { fallthrough }
      let (node, axes) = try rows(value, call)
      // The sum over all channels from any of them.
      let size = 2 * graph.nodes[node].channels + 1
      let least = max(norm.least * norm.least, 1e-30)
      let normalization = ResponseNormalization(
        size: size, alpha: Float(size), beta: 0.5, bias: least)
      let result = try append(call, .responseNormalization(normalization), [node])
      return .some(self.value(result, axes))
    default:
      throw call.unsupported("a norm is supported as the divisor of its own value alone")
    }
    norms[output] = norm
    return .some(nil)
  }
}
