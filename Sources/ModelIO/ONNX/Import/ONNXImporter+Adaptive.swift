import InferenceGraph

/// The pixels in the windows of an adaptive average pooling, as PyTorch's exporter collects them
/// before it adds them up.
struct ONNXPixels {
  /// The image.
  let node: Int
  let pooling: AdaptivePooling
  /// The largest number of rows and columns in a window.
  let rows: Int
  let columns: Int
  /// The axes: "n", "c", the result's "h" and "w", and in a window "y" and "x".
  var axes: [Character]
  /// Whether rows or columns beyond a window are zero.
  var masksRows: Bool
  var masksColumns: Bool
  /// The rows and columns that are summed, by number; the whole windows at first.
  var terms: [[Int]] = []
  var row: Int?
  var column: Int?
}

extension ONNXImporter {
  /// Notes the result of a `GatherND` that collects the pixels of windows.
  mutating func collecting(_ call: ONNXCall) throws {
    let value = try anyOrder(0, of: call)
    let shape = graph.nodes[value.node].shape
    let refusal = call.unsupported("only the windows of an adaptive pooling are supported")
    let indices = try weights(1, of: call)
    guard shape.count == 3, indices.shape.count == 5, indices.shape[4] == 2, indices.count > 0,
      try call.integer("batch_dims", 0) == 0, let output = call.node.outputs.first,
      // Rows, columns, images, channels.
      axes(of: value)
        == transposed(
          ONNXActivation(node: value.node, layout: .image), [2, 3, 0, 1]
        ).axesIn(self)
    else { throw refusal }
    let numbers = try indices.values(in: file)
    let (height, rows, width, columns) = (
      indices.shape[0], indices.shape[1], indices.shape[2], indices.shape[3]
    )
    func windows(_ from: Int, _ to: Int) -> [Range<Int>] {
      (0..<to).map { AdaptivePooling.window($0, from: from, to: to) }
    }
    let (down, across) = (windows(shape[0], height), windows(shape[1], width))
    guard rows == down.map(\.count).max(), columns == across.map(\.count).max() else {
      throw refusal
    }
    var place = 0
    for y in down {
      for i in 0..<rows {
        for x in across {
          for j in 0..<columns {
            // What lies beyond a window does not matter.
            if i < y.count, numbers[place] != Float(y.lowerBound + i) { throw refusal }
            if j < x.count, numbers[place + 1] != Float(x.lowerBound + j) { throw refusal }
            place += 2
          }
        }
      }
    }
    pixels[output] = ONNXPixels(
      node: value.node, pooling: AdaptivePooling(height: height, width: width), rows: rows,
      columns: columns, axes: ["h", "y", "w", "x", "n", "c"],
      masksRows: !down.contains { $0.count < rows },
      masksColumns: !across.contains { $0.count < columns })
  }

  /// Follows an operator on collected pixels; nil if no input is one.
  ///
  /// - Returns: The result, if it is the pooled image.
  mutating func pooling(ofPixels call: ONNXCall) throws -> ONNXActivation?? {
    guard let input = call.node.inputs.first(where: { pixels[$0] != nil }) else { return .none }
    let refusal = call.unsupported("only the windows of an adaptive pooling are supported")
    guard var current = pixels[input], let output = call.node.outputs.first else { throw refusal }
    if call.kind == .add {
      guard call.node.inputs.count == 2, let other = pixels[call.node.inputs[1]],
        let own = pixels[call.node.inputs[0]], own.node == other.node, own.axes == other.axes,
        own.pooling == other.pooling, !own.terms.isEmpty, !other.terms.isEmpty,
        own.masksRows == other.masksRows, own.masksColumns == other.masksColumns
      else { throw refusal }
      current = own
      current.terms += other.terms
      pixels[output] = current
      return .some(nil)
    }
    switch call.kind {
    case .transpose:
      guard let order = try call.integers("perm"), order.sorted() == Array(current.axes.indices)
      else { throw refusal }
      current.axes = order.map { current.axes[$0] }
    case .where:
      let mask = try weights(0, of: call)
      guard call.node.inputs[2] == input, try weights(1, of: call).values(in: file) == [0] else {
        throw refusal
      }
      let marked = try mask.values(in: file)
      // The mask's axes of more than one position.
      let first = current.axes.count - mask.shape.count
      guard first >= 0 else { throw refusal }
      let long = mask.shape.indices.filter { mask.shape[$0] > 1 }
        .map { current.axes[first + $0] }
      func isMask(_ from: Int, _ to: Int, _ most: Int) -> Bool {
        marked
          == (0..<to).flatMap { place in
            let count = AdaptivePooling.window(place, from: from, to: to).count
            return (0..<most).map { Float($0 < count ? 0 : 1) }
          }
      }
      let shape = graph.nodes[current.node].shape
      if long == ["h", "y"], isMask(shape[0], current.pooling.height, current.rows) {
        current.masksRows = true
      } else if long == ["w", "x"], isMask(shape[1], current.pooling.width, current.columns) {
        current.masksColumns = true
      } else {
        throw refusal
      }
    case .gather:
      let axis = try axes([call.integer("axis", 0)], rank: current.axes.count, of: call)[0]
      guard let list = try integers(1, of: call), list.isScalar, let index = list.numbers?.first
      else { throw refusal }
      switch current.axes.remove(at: axis) {
      case "y" where (0..<current.rows).contains(index): current.row = index
      case "x" where (0..<current.columns).contains(index): current.column = index
      default: throw refusal
      }
      if let row = current.row, let column = current.column { current.terms = [[row, column]] }
    case .div:
      let all = (0..<current.rows).flatMap { row in (0..<current.columns).map { [row, $0] } }
      let terms = current.terms.sorted { $0.lexicographicallyPrecedes($1) }
      let shape = graph.nodes[current.node].shape
      let (height, width) = (current.pooling.height, current.pooling.width)
      let counts = (0..<height).flatMap { y in
        (0..<width).map { x in
          Float(
            AdaptivePooling.window(y, from: shape[0], to: height).count
              * AdaptivePooling.window(x, from: shape[1], to: width).count)
        }
      }
      guard call.node.inputs[0] == input, current.axes == ["n", "c", "h", "w"], terms == all,
        current.masksRows, current.masksColumns,
        try weights(1, of: call).values(in: file) == counts
      else { throw refusal }
      return .some(try pooled(current, call))
    case .reduceMean:
      let list = try list("axes", orInput: 1, of: call) ?? []
      let reduced = try axes(list, rank: current.axes.count, of: call)
      guard current.masksRows, current.masksColumns, current.terms.isEmpty,
        Set(reduced.map { current.axes[$0] }) == ["y", "x"],
        current.axes.filter({ $0 != "y" && $0 != "x" }) == ["n", "c", "h", "w"],
        try call.integer("keepdims", 1) == 0, hasEqualWindows(current)
      else { throw refusal }
      return .some(try pooled(current, call))
    case .identity: break
    default: throw refusal
    }
    pixels[output] = current
    return .some(nil)
  }

  /// Whether all windows have the same size, so that a mean over all needs no mask.
  private func hasEqualWindows(_ pixels: ONNXPixels) -> Bool {
    let shape = graph.nodes[pixels.node].shape
    func isEqual(_ from: Int, _ to: Int, _ count: Int) -> Bool {
      (0..<to).allSatisfy { AdaptivePooling.window($0, from: from, to: to).count == count }
    }
    return isEqual(shape[0], pixels.pooling.height, pixels.rows)
      && isEqual(shape[1], pixels.pooling.width, pixels.columns)
  }

  /// Adds a pooling that the file writes as products with matrices.
  mutating func add(_ pattern: ONNXPatterns.Pooling, _ call: ONNXCall) throws {
    let node = try image(0, of: call)
    guard Array(graph.nodes[node].shape[..<2]) == pattern.from else { throw call.invalid("inputs") }
    let result = try append(call, .adaptivePooling(pattern.pooling), [node])
    values[call.node.outputs[0]] = .activation(ONNXActivation(node: result, layout: .image))
  }

  private mutating func pooled(
    _ pixels: ONNXPixels, _ call: ONNXCall
  ) throws -> ONNXActivation {
    let node = try append(call, .adaptivePooling(pixels.pooling), [pixels.node])
    return ONNXActivation(node: node, layout: .image)
  }
}

extension ONNXActivation {
  /// Returns the axes of the value.
  fileprivate func axesIn(_ importer: ONNXImporter) -> ONNXAxes { importer.axes(of: self) }
}
