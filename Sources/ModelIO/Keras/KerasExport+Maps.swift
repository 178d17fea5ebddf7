import InferenceGraph

/// Operations without a layer of their own that are linear along single axes: dense layers with
/// constant kernels, between permutations that move the axis to the end and back.
extension KerasExport {
  /// A matrix `[extent, new extent]` along an axis.
  typealias Map = (axis: Int, matrix: Tensor)

  /// Adds the layers of some maps, the last of them named `name`; returns its index.
  mutating func add(
    _ maps: [Map], of node: Graph.Node, _ name: String, input: Int, rank: Int
  ) throws(GraphError) -> Int {
    var last = input
    for (number, map) in maps.enumerated() {
      let isLast = number == maps.count - 1
      let isChannels = map.axis == rank - 1
      var dense = KerasExportLayer(
        name: isLast && isChannels ? name : unused("\(name)_map"), className: "Dense",
        config: [
          "units": JSON(map.matrix.shape[1]), "use_bias": false, "activation": "linear",
          "trainable": false,
        ], inputs: [last], weights: [("kernel", map.matrix)])
      if isChannels {
        if isLast { return try add(dense, of: node) }
        last = append(dense)
        continue
      }
      // Exchanges the axis with the last one.
      var dims = Array(1...rank)
      dims.swapAt(map.axis, rank - 1)
      let config = ["dims": JSON(dims)]
      last = append(
        KerasExportLayer(
          name: unused("\(name)_turned"), className: "Permute", config: config, inputs: [last]))
      dense.inputs = [last]
      last = append(dense)
      let back = KerasExportLayer(
        name: isLast ? name : unused("\(name)_back"), className: "Permute", config: config,
        inputs: [last])
      if isLast { return try add(back, of: node) }
      last = append(back)
    }
    return last
  }
}

extension Graph.Operation {
  /// Returns the operation on a value of this shape as maps along axes; nil if it is none, or has a
  /// layer.
  func linearMaps(of shape: [Int]) -> [KerasExport.Map]? {
    if case .adaptivePooling(let p) = self {
      return [
        (0, Self.means(from: shape[0], to: p.height)),
        (1, Self.means(from: shape[1], to: p.width)),
      ]
    }
    guard case .rearrange(.selection(let axis, let indices)) = self else { return nil }
    let (place, count) = (shape.count + axis, indices.count)
    var values = [Float](repeating: 0, count: shape[place] * count)
    for (column, row) in indices.enumerated() { values[row * count + column] = 1 }
    return [(place, Tensor(shape: [shape[place], count], values: values))]
  }

  private static func means(from: Int, to: Int) -> Tensor {
    var values = [Float](repeating: 0, count: from * to)
    for column in 0..<to {
      let window = AdaptivePooling.window(column, from: from, to: to)
      for row in window { values[row * to + column] = 1 / Float(window.count) }
    }
    return Tensor(shape: [from, to], values: values)
  }

  /// Whether stock Keras has no layers for the operation.
  var hasNoKerasLayer: Bool {
    if case .responseNormalization = self { return true }
    if case .constantValue = self { return true }
    return self == .matrixProduct
  }
}
