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
    let value = try anyOrder(0, of: call)
    guard let target = try integers(1, of: call)?.values else { throw call.invalid("shape") }
    let extents = try extents(target, of: value, call)
    if extents == self.extents(of: value) { return value }
    let count = graph.nodes[value.node].elementCount
    let isVector =
      extents.count == 2 && extents[1] == .number(count)
      && [.batch, .number(batch ?? 0)].contains(extents[0])
    if isVector, value.layout == .image {
      return try flattened(value, call)
    }
    return try reshaped(value, extents, call)
  }

  /// Returns the extents that a reshape asks for.
  private func extents(
    _ target: [ONNXExtent], of value: ONNXActivation, _ call: ONNXCall
  ) throws -> [ONNXExtent] {
    let copiesZeros = try call.integer("allowzero", 0) == 0
    let whole = extents(of: value)
    var result: [ONNXExtent] = []
    for (index, extent) in target.enumerated() {
      guard extent == .number(0), copiesZeros else {
        result.append(extent)
        continue
      }
      guard whole.indices.contains(index) else { throw call.invalid("shape") }
      result.append(whole[index])
    }
    guard let unknown = result.firstIndex(of: .number(-1)) else { return result }
    // What is left of the elements of one image, or of all of a fixed number.
    let refusal = call.unsupported("a reshape that mixes images is not supported")
    var left = graph.nodes[value.node].elementCount
    var hasImages = false
    for (index, extent) in result.enumerated() where index != unknown {
      let factor: Int
      switch extent {
      case .number(let number): factor = number
      case .batches(let number):
        guard !hasImages else { throw refusal }
        (factor, hasImages) = (number, true)
      }
      if let batch, !hasImages, factor > 0, left % factor != 0 {
        let (all, overflows) = left.multipliedReportingOverflow(by: batch)
        if !overflows, all % factor == 0 { (left, hasImages) = (all, true) }
      }
      guard factor > 0, left % factor == 0 else { throw refusal }
      left /= factor
    }
    // A number that all images together have was taken above.
    result[unknown] = hasImages || countsImages(result, value) ? .number(left) : .batches(left)
    return result
  }

  /// Whether the known extents count the images of a fixed number.
  private func countsImages(_ extents: [ONNXExtent], _ value: ONNXActivation) -> Bool {
    guard let batch else { return false }
    if batch == 1 { return true }
    return extents.first == .number(batch)
  }

  /// Adds a `Squeeze` or an `Unsqueeze`.
  mutating func axesChange(_ call: ONNXCall) throws -> ONNXActivation {
    let value = try anyOrder(0, of: call)
    let list = try list("axes", orInput: 1, of: call)
    var axes = axes(of: value)
    if call.kind == .squeeze {
      let all = axes.axes.indices.filter { $0 > 0 && axes.axes[$0].isEmpty }
      let removed = try list.map { try self.axes($0, rank: axes.axes.count, of: call) } ?? all
      guard removed.allSatisfy({ axes.axes[$0].isEmpty }) else { throw call.invalid("axes") }
      axes.axes = axes.axes.indices.filter { !removed.contains($0) }.map { axes.axes[$0] }
    } else {
      let rank = axes.axes.count + (list?.count ?? 0)
      for axis in try self.axes(list ?? [], rank: rank, of: call).sorted() {
        axes.axes.insert([], at: axis)
      }
    }
    return self.value(value.node, axes)
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
    let value = try anyOrder(0, of: call)
    let rank = axes(of: value).axes.count
    let order = try call.integers("perm") ?? Array((0..<rank).reversed())
    guard order.sorted() == Array(0..<rank) else { throw call.invalid("perm") }
    return transposed(value, order)
  }

  mutating func padding(_ call: ONNXCall) throws -> ONNXActivation {
    let value = try activation(0, of: call)
    let rank = shape(value).count + 1
    guard try call.text("mode", "constant") == "constant",
      try number("value", orInput: 2, of: call) ?? 0 == 0
    else { throw call.unsupported("only a padding with zeros is supported") }
    let pads = try list("pads", orInput: 1, of: call) ?? []
    let padded = try axes(integers(3, of: call)?.numbers ?? Array(0..<rank), rank: rank, of: call)
    guard pads.count == 2 * padded.count else { throw call.invalid("pads") }
    if pads.allSatisfy({ $0 == 0 }) { return value }
    guard rank == 4 else { throw call.unsupported("only a padding of images is supported") }
    var (before, after) = ([0, 0, 0, 0], [0, 0, 0, 0])
    for (index, axis) in padded.enumerated() {
      before[axis] = pads[index]
      after[axis] = pads[padded.count + index]
    }
    let (row, column) = value.layout == .image ? (2, 3) : (1, 2)
    let others = (0..<4).filter { $0 != row && $0 != column }
    guard others.allSatisfy({ before[$0] == 0 && after[$0] == 0 }), pads.allSatisfy({ $0 >= 0 })
    else { throw call.unsupported("only a padding of the height and the width is supported") }
    let operation = Graph.Operation.zeroPadding(
      top: before[row], bottom: after[row], left: before[column], right: after[column])
    return ONNXActivation(
      node: try append(call, operation, [value.node]), layout: value.layout)
  }
}
