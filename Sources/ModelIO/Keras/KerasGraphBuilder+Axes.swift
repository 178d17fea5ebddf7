import InferenceGraph

/// Layers along axes other than the last: permutations move the axes to the end and back.
extension KerasGraphBuilder {
  /// Appends a layer that works along other axes than the last; nil if it does not.
  mutating func alongAxes(
    _ layer: KerasLayer, _ call: KerasCall, inputs: [Int], path: [String]
  ) throws -> Int? {
    guard KerasLayer.axisLayers.contains(layer.className), !layer.isOperation,
      let first = inputs.first
    else { return nil }
    let shape = graph.nodes[first].shape
    guard let axes = axes(of: layer, rank: shape.count) else { return nil }
    if axes == [shape.count - 1] { return nil }
    let isJoint = axes.count > 1
    // Batch normalization along several axes, for example, is refused where the layer is made.
    guard !isJoint || layer.className == "LayerNormalization" else { return nil }
    let sorted = axes.sorted()
    let others = shape.indices.filter { !sorted.contains($0) }
    let moved = others + sorted
    var read: [Int] = []
    for input in inputs {
      guard graph.nodes[input].shape.count == shape.count else { return nil }
      read.append(try permuted(input, moved, layer, path, "axes"))
    }
    let inner = graph.nodes[read[0]].shape
    if isJoint {
      let joint = Array(inner.prefix(others.count)) + [sorted.reduce(1) { $0 * shape[$1] }]
      read = [try append(layer, "joint", .reshape(joint), read, path)]
    }
    let extents = axes.map { shape[$0] }
    var node = try add(
      layer.replacing(["axis": -1]), call, inputs: read, path: path,
      weightShape: isJoint ? extents : nil)
    if isJoint { node = try append(layer, "split", .reshape(inner), [node], path) }
    let back = moved.indices.map { moved.firstIndex(of: $0)! }
    return try permuted(node, back, layer, path, "back")
  }

  /// Returns the axes of a layer, counted from 0, in the layer's order; nil if they are invalid.
  private func axes(of layer: KerasLayer, rank: Int) -> [Int]? {
    let fallback = layer.config["axis"]?.isNull ?? true ? [-1] : nil
    guard
      let listed = layer.config["axis"]?.ints ?? layer.config["axis"]?.int.map({ [$0] }) ?? fallback
    else { return nil }
    let axes = listed.map { $0 < 0 ? $0 + rank : $0 - 1 }
    guard !axes.isEmpty, axes.allSatisfy((0..<rank).contains), Set(axes).count == axes.count
    else { return nil }
    return axes
  }

  private mutating func permuted(
    _ node: Int, _ axes: [Int], _ layer: KerasLayer, _ path: [String], _ part: String
  ) throws -> Int {
    if axes == Array(axes.indices) { return node }
    return try append(layer, part, .rearrange(.permutation(axes: axes)), [node], path)
  }
}
