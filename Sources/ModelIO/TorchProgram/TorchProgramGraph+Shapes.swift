/// Changes of shape, parts of tensors and padding.
extension TorchProgramGraph {
  mutating func flatten(_ node: TorchProgramNode) throws(StateRefusal) -> String {
    let rank = try rank(node, "self")
    guard try node.integer("start_dim", 0) == 1,
      try axis(node.integer("end_dim", -1), node, of: rank) == rank - 1
    else { throw node.unsupported("other axes than all behind the first are not supported") }
    return append(
      "Flatten", [try value(try node.tensor("self"))], [("axis", .integer(1))], as: node.name)
  }

  mutating func reshape(_ node: TorchProgramNode) throws(StateRefusal) -> String {
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

  /// Appends a change of shape whose result is known.
  mutating func reshapeToResult(_ node: TorchProgramNode) throws(StateRefusal) -> String {
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

  mutating func expand(_ node: TorchProgramNode) throws(StateRefusal) -> String {
    let extents = try fixedShape(node.name, node).map { max($0, 1) }
    let shape = constant(extents, node.name, "shape")
    return append("Expand", [try value(try node.tensor("self")), shape], as: node.name)
  }

  mutating func select(_ node: TorchProgramNode) throws(StateRefusal) -> String {
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

  mutating func slice(_ node: TorchProgramNode) throws(StateRefusal) -> String {
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
  mutating func split(_ node: TorchProgramNode) throws(StateRefusal) {
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

  mutating func transpose(_ node: TorchProgramNode) throws(StateRefusal) -> String {
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

  mutating func padding(_ node: TorchProgramNode) throws(StateRefusal) -> String {
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
