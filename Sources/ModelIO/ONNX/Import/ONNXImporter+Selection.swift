import InferenceGraph

/// Operators that take parts of an activation, and those that put parts together.
extension ONNXImporter {
  mutating func gathering(_ call: ONNXCall) throws -> ONNXActivation {
    let value = try anyOrder(0, of: call)
    let rank = axes(of: value).axes.count
    let axis = try axes([call.integer("axis", 0)], rank: rank, of: call)[0]
    switch try self.value(1, of: call) {
    case .integers(let list)?:
      guard let indices = list.numbers else { throw call.invalid("indices") }
      let result = try selected(value, axis, indices, call)
      return list.isScalar ? try without(axis, result, call) : result
    case .constant(let constant)? where constant.count <= Self.maximumIntegers:
      // Indices with several axes, which take the axis's place.
      let indices = try constant.values(in: file).map { number in
        guard let index = Int(exactly: number) else { throw call.invalid("indices") }
        return index
      }
      let result = try selected(value, axis, indices, call)
      var extents = extents(of: result)
      extents.replaceSubrange(axis...axis, with: constant.shape.map { .number($0) })
      return try reshaped(result, extents, call)
    default: throw call.unsupported("its indices must be constants")
    }
  }

  /// Returns a value without an axis of extent 1.
  func without(
    _ axis: Int, _ value: ONNXActivation, _ call: ONNXCall
  ) throws -> ONNXActivation {
    var axes = axes(of: value)
    guard axes.axes[axis].isEmpty else { throw call.invalid("axis") }
    axes.axes.remove(at: axis)
    return self.value(value.node, axes)
  }

  mutating func slicing(_ call: ONNXCall) throws -> ONNXActivation {
    var value = try anyOrder(0, of: call)
    let axes = axes(of: value)
    let slices = try slices(call, axes.axes.indices.map { axes.extent($0) })
    for (number, slice) in slices.enumerated() {
      if slice.indices == Array(0..<axes.extent(slice.axis)) { continue }
      value = try selected(
        value, slice.axis, slice.indices, call, part: number == slices.count - 1 ? nil : "part")
    }
    return value
  }

  /// Returns the positions that a `Slice` takes from each axis.
  func slices(_ call: ONNXCall, _ extents: [Int]) throws -> [(axis: Int, indices: [Int])] {
    let isOld = call.has("starts")
    guard let starts = try list("starts", orInput: 1, of: call),
      let ends = try list("ends", orInput: 2, of: call), starts.count == ends.count
    else { throw call.invalid("starts") }
    let listed = try list("axes", orInput: 3, of: call) ?? Array(starts.indices)
    let axes = try axes(listed, rank: extents.count, of: call)
    let steps = isOld ? nil : try list("steps", orInput: 4, of: call)
    guard axes.count == starts.count, steps?.count ?? axes.count == axes.count else {
      throw call.invalid("axes")
    }
    return try axes.indices.map { number in
      let extent = extents[axes[number]]
      let step = steps?[number] ?? 1
      guard step != 0, step > Int.min else { throw call.invalid("steps") }
      guard extent <= 1 << 20 else { throw call.unsupported("its axis is too long") }
      let isForward = step > 0
      func place(_ bound: Int) -> Int {
        let place = bound < 0 ? bound + extent : bound
        return isForward ? min(max(place, 0), extent) : min(max(place, -1), extent - 1)
      }
      let indices = Array(
        stride(from: place(starts[number]), to: place(ends[number]), by: step))
      guard !indices.isEmpty else { throw call.unsupported("it takes nothing") }
      return (axes[number], indices)
    }
  }

  /// Adds a `Split`, which has several results.
  mutating func split(_ call: ONNXCall) throws {
    let value = try anyOrder(0, of: call)
    let axes = axes(of: value)
    let axis = try self.axes([call.integer("axis", 0)], rank: axes.axes.count, of: call)[0]
    let extent = axes.extent(axis)
    let count = call.node.outputs.count
    let size = (extent + count - 1) / max(count, 1)
    let sizes =
      try list("split", orInput: 1, of: call)
      ?? (0..<count).map { min(size, extent - $0 * size) }
    guard sizes.count == count, sizes.allSatisfy({ (1...extent).contains($0) }),
      sizes.reduce(0, +) == extent
    else { throw call.invalid("split") }
    var start = 0
    for (number, output) in call.node.outputs.enumerated() {
      let part = try selected(
        value, axis, Array(start..<start + sizes[number]), call, part: "part\(number + 1)")
      values[output] = .activation(part)
      start += sizes[number]
    }
  }

  mutating func concatenation(_ call: ONNXCall) throws -> ONNXActivation {
    var inputs: [ONNXActivation?] = []
    for index in call.node.inputs.indices {
      switch try value(index, of: call) {
      case .activation?: inputs.append(try activation(index, of: call))
      case .constant?: inputs.append(nil)
      case .integers?, nil: throw call.invalid("input \(index + 1)")
      }
    }
    let known = inputs.compactMap { $0 }
    guard let first = known.first else { throw call.invalid("inputs") }
    let rank = shape(first).count + 1
    let axis = try axes([call.integer("axis", 1)], rank: rank, of: call)[0]
    guard axis > 0 else { throw call.unsupported("a concatenation of images is not supported") }
    if axis == 1, rank == 4, known.count == inputs.count,
      known.contains(where: { $0.layout == .image })
    {
      var nodes: [Int] = []
      for index in inputs.indices { nodes.append(try image(index, of: call)) }
      return ONNXActivation(node: try append(call, .concatenate, nodes), layout: .image)
    }
    var nodes: [Int] = []
    for (index, input) in inputs.enumerated() {
      if let input {
        nodes.append(try plain(input, call))
      } else {
        let constant = try weights(index, of: call)
        guard constant.shape.count == rank, constant.shape[0] == 1 || constant.shape[0] == batch,
          constant.count == constant.shape[1...].reduce(1, *), constant.count > 0
        else { throw call.unsupported("a constant of shape \(constant.shape) is not supported") }
        nodes.append(
          try constantNode(
            try constant.values(in: file), Array(constant.shape[1...]), call, part: "constant"))
      }
    }
    let shapes = nodes.map { graph.nodes[$0].shape }
    guard shapes.allSatisfy({ $0.count == rank - 1 }) else { throw call.invalid("inputs") }
    if let (source, indices) = selections(nodes, axis - rank) {
      // Parts of one value, in another order.
      let result = try append(
        call, .rearrange(.selection(axis: axis - rank, indices: indices)), [source])
      return ONNXActivation(node: result, layout: .plain)
    }
    if axis < rank - 1 {
      // What lies behind the axis is one axis with it.
      let lead = Array(shapes[0][..<(axis - 1)])
      guard
        shapes.allSatisfy({ $0[..<(axis - 1)] == lead[...] && $0[axis...] == shapes[0][axis...] })
      else { throw call.invalid("inputs") }
      for (index, shape) in shapes.enumerated() {
        nodes[index] = try append(
          call, .reshape(lead + [shape[(axis - 1)...].reduce(1, *)]), [nodes[index]], part: "flat")
      }
      let joined = try append(call, .concatenate, nodes, part: "joined")
      let extent = shapes.reduce(0) { $0 + $1[axis - 1] }
      let result = try append(call, .reshape(lead + [extent] + shapes[0][axis...]), [joined])
      return ONNXActivation(node: result, layout: .plain)
    }
    return ONNXActivation(node: try append(call, .concatenate, nodes), layout: .plain)
  }

  /// Returns the value that all nodes select from along an axis, and the positions; nil if there is
  /// none.
  private func selections(_ nodes: [Int], _ axis: Int) -> (source: Int, indices: [Int])? {
    var all: [Int] = []
    for node in nodes {
      guard case .rearrange(.selection(axis, let indices)) = graph.nodes[node].operation,
        graph.nodes[node].inputs == graph.nodes[nodes[0]].inputs
      else { return nil }
      all += indices
    }
    return graph.nodes[nodes[0]].inputs.first.map { ($0, all) }
  }

  /// Adds a mean or maximum over some axes.
  mutating func reduction(_ call: ONNXCall, _ kind: PoolingKind) throws -> ONNXActivation {
    let value = try activation(0, of: call)
    let rank = shape(value).count + 1
    let keeps = try call.integer("keepdims", 1) != 0
    let reduced = try axes(list("axes", orInput: 1, of: call) ?? [], rank: rank, of: call).sorted()
    let spatial = value.layout == .image ? [2, 3] : [1, 2]
    if rank == 4, reduced == spatial {
      let node = try append(call, .globalPooling(kind, keepsDimensions: keeps), [value.node])
      return ONNXActivation(node: node, layout: keeps ? value.layout : .plain)
    }
    guard !reduced.isEmpty, reduced[0] > 0 else {
      throw call.unsupported("a reduction over all axes, or over the images, is not supported")
    }
    // The axes as the rows of an image whose channels are the others.
    let node = try plain(value, call)
    let axes = axes(of: ONNXActivation(node: node, layout: .plain))
    let others = axes.axes.indices.filter { $0 > 0 && !reduced.contains($0) }
    let order = (reduced + others).flatMap { axes.axes[$0] }
    let count = reduced.reduce(1) { $0 * axes.extent($1) }
    let rest = others.reduce(1) { $0 * axes.extent($1) }
    let image = try arranged(node, axes, order, [count, 1, rest], call)
    let result = try append(call, .globalPooling(kind, keepsDimensions: false), [image])
    var left = ONNXAxes(parts: others.map { axes.extent($0) }, axes: [])
    for axis in axes.axes.indices {
      if axis == 0 {
        left.axes.append(batch == 1 ? [] : [ONNXAxes.batch])
      } else if let place = others.firstIndex(of: axis) {
        left.axes.append([place])
      } else if keeps {
        left.axes.append([])
      }
    }
    return self.value(result, left)
  }
}
