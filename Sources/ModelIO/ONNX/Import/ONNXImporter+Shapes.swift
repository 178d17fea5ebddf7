import InferenceGraph

/// Operators that change the shape of an activation.
extension ONNXImporter {
  mutating func flattening(_ call: ONNXCall) throws -> ONNXActivation {
    let value = try activation(0, of: call)
    let axis = try call.integer("axis", 1)
    let rank = shape(value).count + 1
    guard axis == 1 || axis == 1 - rank else {
      throw call.unsupported("only flattening to a vector is supported")
    }
    return try flattened(value, call)
  }

  private mutating func flattened(
    _ value: ONNXActivation, _ call: ONNXCall
  ) throws -> ONNXActivation {
    let shape = graph.nodes[value.node].shape
    if shape.count == 1 { return value }
    let node = try append(call, .flatten, [value.node])
    let keepsOrder = shape.dropLast().allSatisfy { $0 == 1 } || shape.last == 1
    return ONNXActivation(
      node: node, layout: value.layout == .image && !keepsOrder ? .flattened(shape) : .plain)
  }

  mutating func reshaping(_ call: ONNXCall) throws -> ONNXActivation {
    let value = try activation(0, of: call)
    guard let target = try integers(1, of: call)?.values else { throw call.invalid("shape") }
    return try reshaped(value, to: try extents(target, of: value, call), call)
  }

  /// Returns the extents that a reshape asks for, without the batch axis.
  private func extents(
    _ target: [ONNXExtent], of value: ONNXActivation, _ call: ONNXCall
  ) throws -> [Int] {
    let shape = shape(value)
    let copiesZeros = try call.integer("allowzero", 0) == 0
    let whole: [ONNXExtent] = [.batch] + shape.map { .number($0) }
    var result: [ONNXExtent] = []
    for (index, extent) in target.enumerated() {
      guard extent == .number(0), copiesZeros else {
        result.append(extent)
        continue
      }
      guard whole.indices.contains(index) else { throw call.invalid("shape") }
      result.append(whole[index])
    }
    let count = shape.reduce(1, *)
    guard let first = result.first, var rest = ONNXIntegers(values: Array(result[1...])).numbers,
      rest.allSatisfy({ $0 == -1 || (1...count).contains($0) })
    else { throw call.unsupported("a reshape that mixes images is not supported") }
    let known = rest.filter { $0 > 0 }.reduce(1.0) { $0 * Double($1) }
    let unknown = rest.indices.filter { rest[$0] == -1 }
    if unknown.count == 1, known > 0, known <= Double(count) {
      rest[unknown[0]] = count / Int(known)
    }
    let isBatch =
      first == .batch || first == .number(-1) && unknown.isEmpty
      || batch.map { first == .number($0) } ?? false
    guard isBatch, unknown.count <= 1,
      rest.reduce(1.0, { $0 * Double($1) }) == Double(count)
    else { throw call.unsupported("a reshape that mixes images is not supported") }
    return rest
  }

  /// Appends a reshape to extents in ONNX's order, without the batch axis.
  private mutating func reshaped(
    _ value: ONNXActivation, to extents: [Int], _ call: ONNXCall
  ) throws -> ONNXActivation {
    if extents == shape(value) { return value }
    if extents.count == 1 { return try flattened(value, call) }
    let node = try plain(value, call)
    // The order is the same with channels last if there is one channel, or one pixel.
    if extents.count == 3, extents[0] == 1 || extents[1] * extents[2] == 1 {
      let image = [extents[1], extents[2], extents[0]]
      return ONNXActivation(node: try append(call, .reshape(image), [node]), layout: .image)
    }
    return ONNXActivation(node: try append(call, .reshape(extents), [node]), layout: .plain)
  }

  /// Adds a `Squeeze` or an `Unsqueeze`.
  mutating func axesChange(_ call: ONNXCall) throws -> ONNXActivation {
    let value = try activation(0, of: call)
    let list = try list("axes", orInput: 1, of: call)
    let extents = try changed(shape: [0] + shape(value), list, call)
    guard extents.first == 0 else { throw call.unsupported("the batch axis must stay first") }
    return try reshaped(value, to: Array(extents[1...]), call)
  }

  /// Returns a shape without or with axes of extent 1.
  ///
  /// - Parameter list: The axes; nil for all of extent 1.
  func changed(shape: [Int], _ list: [Int]?, _ call: ONNXCall) throws -> [Int] {
    if call.kind == .squeeze {
      let removed = try list.map { try axes($0, rank: shape.count, of: call) }
      guard removed?.allSatisfy({ shape[$0] == 1 }) ?? true else { throw call.invalid("axes") }
      return shape.indices.filter { axis in
        removed.map { !$0.contains(axis) } ?? (shape[axis] != 1)
      }
      .map { shape[$0] }
    }
    let added = try axes(list ?? [], rank: shape.count + (list?.count ?? 0), of: call)
    var result = shape
    for axis in added.sorted() { result.insert(1, at: axis) }
    return result
  }

  mutating func transposition(_ call: ONNXCall) throws -> ONNXActivation {
    let value = try activation(0, of: call)
    let rank = shape(value).count + 1
    let axes = try call.integers("perm") ?? Array((0..<rank).reversed())
    guard axes.sorted() == Array(0..<rank) else { throw call.invalid("perm") }
    guard axes[0] == 0 else { throw call.unsupported("the batch axis must stay first") }
    if axes == Array(0..<rank) { return value }
    switch (value.layout, axes) {
    case (.image, [0, 2, 3, 1]): return ONNXActivation(node: value.node, layout: .plain)
    case (.plain, [0, 3, 1, 2]): return ONNXActivation(node: value.node, layout: .image)
    default:
      let permutation = Rearrangement.permutation(axes: axes[1...].map { $0 - 1 })
      let node = try append(call, .rearrange(permutation), [try plain(value, call)])
      return ONNXActivation(node: node, layout: .plain)
    }
  }

  mutating func concatenation(_ call: ONNXCall) throws -> ONNXActivation {
    var inputs: [ONNXActivation] = []
    for index in call.node.inputs.indices { inputs.append(try activation(index, of: call)) }
    guard let first = inputs.first else { throw call.invalid("inputs") }
    let rank = shape(first).count + 1
    let axis = try axes([call.integer("axis", 1)], rank: rank, of: call)[0]
    if axis == 1, inputs.contains(where: { $0.layout == .image }) {
      var nodes: [Int] = []
      for index in inputs.indices { nodes.append(try image(index, of: call)) }
      return ONNXActivation(node: try append(call, .concatenate, nodes), layout: .image)
    }
    guard axis == rank - 1, !inputs.contains(where: { $0.layout == .image }) else {
      throw call.unsupported("only a concatenation of channels is supported")
    }
    var nodes: [Int] = []
    for input in inputs { nodes.append(try plain(input, call)) }
    return ONNXActivation(node: try append(call, .concatenate, nodes), layout: .plain)
  }

  mutating func padding(_ call: ONNXCall) throws -> ONNXActivation {
    let value = try activation(0, of: call)
    let rank = shape(value).count + 1
    guard try call.text("mode", "constant") == "constant",
      try number("value", orInput: 2, of: call) ?? 0 == 0
    else { throw call.unsupported("only a padding with zeros is supported") }
    let pads = try list("pads", orInput: 1, of: call) ?? []
    let padded = try axes(integers(3, of: call)?.numbers ?? Array(0..<rank), rank: rank, of: call)
    guard rank == 4, pads.count == 2 * padded.count else { throw call.invalid("pads") }
    var (before, after) = ([0, 0, 0, 0], [0, 0, 0, 0])
    for (index, axis) in padded.enumerated() {
      before[axis] = pads[index]
      after[axis] = pads[padded.count + index]
    }
    let (row, column) = value.layout == .image ? (2, 3) : (1, 2)
    let others = (0..<4).filter { $0 != row && $0 != column }
    guard others.allSatisfy({ before[$0] == 0 && after[$0] == 0 }), pads.allSatisfy({ $0 >= 0 })
    else { throw call.unsupported("only a padding of the height and the width is supported") }
    if pads.allSatisfy({ $0 == 0 }) { return value }
    let operation = Graph.Operation.zeroPadding(
      top: before[row], bottom: after[row], left: before[column], right: after[column])
    return ONNXActivation(
      node: try append(call, operation, [value.node]), layout: value.layout)
  }
}
