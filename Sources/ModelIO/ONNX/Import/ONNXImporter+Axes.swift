import InferenceGraph

/// Values whose axes in ONNX are not those of the graph.
extension ONNXImporter {
  /// Returns the axes of a value.
  func axes(of value: ONNXActivation) -> ONNXAxes {
    let shape = graph.nodes[value.node].shape
    // A single image is no axis of its own: exporters write its extent anywhere.
    let images = batch == 1 ? [] : [ONNXAxes.batch]
    let all =
      switch value.layout {
      case .plain: ONNXAxes(parts: shape, axes: [images] + shape.indices.map { [$0] })
      case .image: ONNXAxes(parts: shape, axes: [images, [2], [0], [1]])
      case .flattened(let image): ONNXAxes(parts: image, axes: [images, [2, 0, 1]])
      case .axes(let axes): axes
      }
    return all.withoutUnits
  }

  /// Returns a node with axes in ONNX, with one of the simple orders if it has it.
  func value(_ node: Int, _ axes: ONNXAxes) -> ONNXActivation {
    let axes = axes.withoutUnits
    let shape = graph.nodes[node].shape
    let other = ONNXActivation(node: node, layout: .axes(axes))
    guard axes.isBatchFirst else { return other }
    let extents = axes.axes.indices.dropFirst().map { axes.extent($0) }
    let inOrder = Array(axes.parts.indices)
    if extents.count == 3, shape.count == 3, extents == [shape[2], shape[0], shape[1]],
      axes.axes[2] + axes.axes[3] + axes.axes[1] == inOrder
    {
      return ONNXActivation(node: node, layout: .image)
    }
    if axes.order == inOrder, extents == shape {
      return ONNXActivation(node: node, layout: .plain)
    }
    if extents.count == 1, shape.count == 1 {
      if axes.parts.count == 3, axes.order == [2, 0, 1] {
        return ONNXActivation(node: node, layout: .flattened(axes.parts))
      }
      if axes.parts.count == 2, axes.order == [1, 0] {
        return ONNXActivation(
          node: node, layout: .flattened([axes.parts[0], 1, axes.parts[1]]))
      }
    }
    return other
  }

  /// Returns the extents of a value's axes.
  func extents(of value: ONNXActivation) -> [ONNXExtent] {
    guard case .axes(let axes) = value.layout else {
      return [.batch] + shape(value).map { .number($0) }
    }
    return axes.axes.indices.map { axis in
      axes.axes[axis].contains(ONNXAxes.batch)
        ? .batches(axes.extent(axis)) : .number(axes.extent(axis))
    }
  }

  /// Returns an input as it is, in any order.
  func anyOrder(_ index: Int, of call: ONNXCall) throws -> ONNXActivation {
    guard case .activation(let result)? = try value(index, of: call) else {
      throw call.unsupported("its input \(index + 1) must depend on the image")
    }
    return result
  }

  /// Returns a value with one of the simple orders, which moves its elements if it has another.
  mutating func simple(_ value: ONNXActivation, _ call: ONNXCall) throws -> ONNXActivation {
    guard case .axes(let axes) = value.layout else { return value }
    guard axes.isBatchFirst else {
      throw call.unsupported("the images must be the first axis of its input")
    }
    let extents = axes.axes.indices.dropFirst().map { axes.extent($0) }
    // An image stays one if no pixel moves.
    if extents.count == 3 {
      let order = axes.axes[2] + axes.axes[3] + axes.axes[1]
      let pixels = axes.axes[2] + axes.axes[3]
      if !pixels.isEmpty, pixels == Array(0..<pixels.count) {
        let node = try arranged(
          value.node, axes, order, [extents[1], extents[2], extents[0]], call)
        return ONNXActivation(node: node, layout: .image)
      }
    }
    let node = try arranged(value.node, axes, axes.order, extents, call)
    return ONNXActivation(node: node, layout: .plain)
  }

  /// Appends what brings the parts of a node into an order and a shape.
  mutating func arranged(
    _ node: Int, _ axes: ONNXAxes, _ order: [Int], _ shape: [Int], _ call: ONNXCall
  ) throws -> Int {
    let old = graph.nodes[node].shape
    if order == Array(axes.parts.indices) {
      return old == shape ? node : try append(call, .reshape(shape), [node], part: "shape")
    }
    // Channels alone change places.
    let outer = order.indices.first { order[$0] != $0 } ?? 0
    if old == shape, axes.parts[outer...].reduce(1, *) <= old[old.count - 1],
      let first = axes.parts.indices.last(where: {
        axes.parts[$0...].reduce(1, *) == old[old.count - 1]
      }), first <= outer
    {
      let channels = Array(axes.parts[first...])
      let sources = Rearrangement.permutation(axes: order[first...].map { $0 - first })
        .sources(channels, order[first...].map { axes.parts[$0] })
      return try append(
        call, .rearrange(.selection(axis: -1, indices: sources)), [node], part: "channels")
    }
    // Parts that stay together are one axis.
    var joined = ONNXAxes(parts: axes.parts, axes: [order])
    var place = 0
    while place + 1 < joined.axes[0].count {
      let part = joined.axes[0][place]
      if joined.axes[0][place + 1] == part + 1 {
        joined.join(part..<part + 2)
      } else {
        place += 1
      }
    }
    guard joined.parts.count <= 8 else {
      throw call.unsupported("it moves more than 8 axes")
    }
    var result = node
    if old != joined.parts {
      result = try append(call, .reshape(joined.parts), [result], part: "parts")
    }
    result = try append(
      call, .rearrange(.permutation(axes: joined.axes[0])), [result], part: "order")
    if graph.nodes[result].shape != shape {
      result = try append(call, .reshape(shape), [result], part: "shape")
    }
    return result
  }

  /// Arranges a value so that one axis is the node's last, behind the others in ONNX's order.
  private mutating func placedLast(
    _ axis: Int, _ axes: ONNXAxes, of value: ONNXActivation, _ call: ONNXCall
  ) throws -> (value: ONNXActivation, axes: ONNXAxes) {
    let order = axes.order.filter { !axes.axes[axis].contains($0) } + axes.axes[axis]
    let extent = axes.extent(axis)
    let others = axes.parts.reduce(1, *) / extent
    let node = try arranged(value.node, axes, order, [others, extent], call)
    var placed = axes
    placed.axes = axes.axes.map { list in
      list.map { part in order.firstIndex(of: part) ?? ONNXAxes.batch }
    }
    placed.parts = order.map { axes.parts[$0] }
    return (ONNXActivation(node: node, layout: .axes(placed)), placed)
  }

  /// Returns a value whose last axis in ONNX is the last of the node; its other axes may be in any
  /// order, with the images anywhere among them.
  ///
  /// - Returns: The node, and the axes, of which the last is one part.
  mutating func rows(
    _ value: ONNXActivation, _ call: ONNXCall
  ) throws -> (node: Int, axes: ONNXAxes) {
    var value = value
    var axes = axes(of: value)
    let last = axes.axes.count - 1
    if !axes.axes[last].isEmpty, axes.range(of: last)?.upperBound != axes.parts.count {
      guard !axes.axes[last].contains(ONNXAxes.batch) else {
        throw call.unsupported("the images must not be the last axis of its input")
      }
      (value, axes) = try placedLast(last, axes, of: value, call)
    }
    let shape = graph.nodes[value.node].shape
    guard let range = axes.range(of: axes.axes.count - 1), range.upperBound == axes.parts.count
    else {
      // An axis of extent 1.
      let node =
        shape.last == 1
        ? value.node : try append(call, .reshape(shape + [1]), [value.node], part: "rows")
      axes.parts.append(1)
      axes.axes[axes.axes.count - 1] = [axes.parts.count - 1]
      return (node, axes)
    }
    axes.join(range)
    let channels = axes.parts[axes.parts.count - 1]
    if shape.last == channels { return (value.node, axes) }
    return (try append(call, .reshape(axes.parts), [value.node], part: "rows"), axes)
  }

  // MARK: Reshaping

  /// Returns a value with new extents, without moving an element.
  func reshaped(
    _ value: ONNXActivation, _ target: [ONNXExtent], _ call: ONNXCall
  ) throws -> ONNXActivation {
    let refusal = call.unsupported("a reshape that mixes images is not supported")
    var axes = axes(of: value)
    let images = batch ?? 0
    // With a fixed number of images, extents are numbers.
    let target: [ONNXExtent] = target.map { extent in
      guard case .batches(let count) = extent, images > 0 else { return extent }
      let (number, overflows) = images.multipliedReportingOverflow(by: count)
      return .number(overflows ? -1 : number)
    }
    var queue = axes.axes.flatMap { $0 }
    var result: [[Int]] = []
    for extent in target {
      var rest: Int
      var needsImages = false
      switch extent {
      case .number(let number): rest = number
      case .batches(let number): (rest, needsImages) = (number, true)
      }
      guard rest > 0 else { throw refusal }
      var list: [Int] = []
      while rest > 1 || needsImages {
        guard let part = queue.first else { throw refusal }
        queue.removeFirst()
        if part == ONNXAxes.batch {
          if images > 0 {
            guard rest % images == 0 else { throw refusal }
            rest /= images
          } else {
            guard needsImages else { throw refusal }
            needsImages = false
          }
          list.append(part)
          continue
        }
        let size = axes.parts[part]
        if rest % size == 0 {
          rest /= size
          list.append(part)
          continue
        }
        guard size % rest == 0, rest > 1 else { throw refusal }
        axes.divide(part, outer: rest)
        result = result.map { $0.map { $0 > part ? $0 + 1 : $0 } }
        list = list.map { $0 > part ? $0 + 1 : $0 } + [part]
        queue = [part + 1] + queue.map { $0 > part ? $0 + 1 : $0 }
        rest = 1
      }
      result.append(list)
    }
    guard queue.isEmpty else { throw refusal }
    axes.axes = result
    return self.value(value.node, axes)
  }

  /// Returns a value with its axes in another order, without moving an element.
  func transposed(_ value: ONNXActivation, _ order: [Int]) -> ONNXActivation {
    var axes = axes(of: value)
    axes.axes = order.map { axes.axes[$0] }
    return self.value(value.node, axes)
  }

  // MARK: Selection

  /// Returns the elements at some positions of an axis.
  mutating func selected(
    _ value: ONNXActivation, _ axis: Int, _ indices: [Int], _ call: ONNXCall,
    part: String? = nil
  ) throws -> ONNXActivation {
    var value = value
    var axes = axes(of: value)
    guard !axes.axes[axis].contains(ONNXAxes.batch) else {
      throw call.unsupported("a selection of images is not supported")
    }
    let extent = axes.extent(axis)
    let places = indices.map { $0 < 0 ? $0 + extent : $0 }
    guard !places.isEmpty, places.allSatisfy((0..<extent).contains),
      places.count <= 1 << 20
    else { throw call.invalid("indices") }
    if places == Array(0..<extent) { return value }
    if extent == 1 {
      guard places.count == 1 else { throw call.unsupported("it repeats an axis of extent 1") }
      return value
    }
    if axes.range(of: axis) == nil, !axes.isBatchFirst {
      (value, axes) = try placedLast(axis, axes, of: value, call)
    } else if axes.range(of: axis) == nil {
      value = try simple(value, call)
      if axes.axes[axis] != self.axes(of: value).axes[axis] { axes = self.axes(of: value) }
      if axes.range(of: axis) == nil {
        value = ONNXActivation(node: try plain(value, call), layout: .plain)
        axes = self.axes(of: value)
      }
    }
    guard let range = axes.range(of: axis) else {
      throw call.unsupported("its axis cannot be told apart")
    }
    axes.join(range)
    let place = range.lowerBound
    let inner = axes.parts[(place + 1)...].reduce(1, *)
    let shape = graph.nodes[value.node].shape
    var node = value.node
    // The axis may be one of the node's; else it becomes one.
    var before = -1
    var product = 1
    while shape.count + before > 0, product < inner {
      product *= shape[shape.count + before]
      before -= 1
    }
    if product != inner || shape[shape.count + before] != extent {
      let outer = axes.parts[..<place].reduce(1, *)
      let flat = (place > 0 ? [outer] : []) + [extent] + (inner > 1 ? [inner] : [])
      node = try append(call, .reshape(flat), [node], part: "axis")
      before = inner > 1 ? -2 : -1
    }
    node = try append(
      call, .rearrange(.selection(axis: before, indices: places)), [node], part: part)
    axes.parts[place] = places.count
    return self.value(node, axes)
  }

  // MARK: Constants

  /// Appends a constant in ONNX's order, for every image; returns its node.
  mutating func constantNode(
    _ values: [Float], _ shape: [Int], _ call: ONNXCall, part: String
  ) throws -> Int {
    try append(
      call, .constantValue(ConstantValue(Tensor(shape: shape, values: values))), [0], part: part)
  }
}
