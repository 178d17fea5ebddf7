import InferenceGraph

extension KerasGraphBuilder {
  /// Returns whether a network takes images [channels][height][width], which the first layers with
  /// a data format decide.
  static func isChannelsFirst(_ network: KerasNetwork, major: Int) -> Bool {
    guard network.inputShape?.count == 3 else { return false }
    /// The readers of each tensor, with their results.
    var readers: [KerasCall.Source: [(layer: Int, result: KerasCall.Source)]] = [:]
    for (index, layer) in network.layers.enumerated() {
      for (number, call) in layer.calls.enumerated() {
        let result = KerasCall.Source(layer: layer.name, call: number)
        for source in call.inputs { readers[source, default: []].append((index, result)) }
      }
    }
    var waiting = [KerasCall.Source(layer: network.input, call: 0)]
    var seen = Set(waiting)
    /// Whether a layer leaves the format open, so that its own readers decide.
    var passes: [Int: Bool] = [:]
    while let source = waiting.popLast() {
      for (index, result) in readers[source] ?? [] {
        let layer = network.layers[index]
        if passes[index] == nil {
          if layer.config["data_format"]?.string == "channels_first" { return true }
          if let inner = layer.network, isChannelsFirst(inner, major: major) { return true }
          passes[index] = layer.isElementwise(major: major) || layer.isChannelsFirst(rank: 3)
        }
        if passes[index] == true, seen.insert(result).inserted { waiting.append(result) }
      }
    }
    return false
  }

  /// Returns the shape that Keras has for a node.
  func kerasShape(_ node: Int) -> [Int] {
    let shape = graph.nodes[node].shape
    return arrangements[node] == .channelsLast ? [shape[2], shape[0], shape[1]] : shape
  }

  /// Converts a layer to channels last, and returns it with the inputs and the arrangement of its
  /// result.
  mutating func arranged(_ layer: KerasLayer, _ inputs: [Int]) throws -> KerasArrangedCall {
    let rank = inputs.first.map { graph.nodes[$0].shape.count } ?? 0
    if layer.isChannelsFirst(rank: rank) {
      guard
        try KerasActivation.parse(layer.config["activation"], of: layer, major: major).isElementwise
      else {
        throw KerasError(
          layer,
          "softmax along the width of a channels_first image is not supported; if you mean the "
            + "channels, append Softmax(axis=1)", rule: .kerasUnsupported)
      }
      var values: [String: JSON] = [:]
      if layer.config["data_format"]?.isNull == false { values["data_format"] = "channels_last" }
      if KerasLayer.axisLayers.contains(layer.className) { values["axis"] = -1 }
      return KerasArrangedCall(
        layer: layer.replacing(values), inputs: try inputs.map { try channelsLast($0) },
        image: .channelsLast)
    }
    // The format does not matter for vectors.
    var layer = layer
    if rank == 1, layer.config["data_format"]?.string == "channels_first" {
      layer = layer.replacing(["data_format": "channels_last"])
    }
    let arrangement = inputs.first.flatMap { arrangements[$0] }
    if layer.isElementwise(major: major),
      inputs.contains(where: { arrangements[$0] == .channelsLast }),
      inputs.allSatisfy({ graph.nodes[$0].shape.count == 3 })
    {
      return KerasArrangedCall(
        layer: layer, inputs: try inputs.map { try channelsLast($0) }, image: .channelsLast)
    }
    guard let arrangement, inputs.allSatisfy({ arrangements[$0] == arrangement }) else {
      return KerasArrangedCall(layer: layer, inputs: try inputs.map { try asInKeras($0) })
    }
    if layer.network != nil || layer.isElementwise(major: major) {
      return KerasArrangedCall(
        layer: layer, inputs: inputs, image: arrangement, vector: arrangement)
    }
    switch (layer.className, arrangement) {
    case ("PReLU", .channelsLast):
      return KerasArrangedCall(layer: layer, inputs: inputs, image: arrangement)
    case ("Flatten", .channelsLast):
      return KerasArrangedCall(
        layer: layer, inputs: inputs, vector: .flattened(image: graph.nodes[inputs[0]].shape))
    case ("Reshape", .channelsLast) where layer.config["target_shape"]?.ints?.count == 1:
      return KerasArrangedCall(
        layer: layer, inputs: inputs, vector: .flattened(image: graph.nodes[inputs[0]].shape))
    case ("Dense", .flattened(let image)):
      return KerasArrangedCall(
        layer: layer, inputs: inputs, flattened: image)
    case ("BatchNormalization", .flattened(let image)):
      return KerasArrangedCall(
        layer: layer, inputs: inputs, vector: arrangement, flattened: image)
    default:
      return KerasArrangedCall(layer: layer, inputs: try inputs.map { try asInKeras($0) })
    }
  }

  /// Records the arrangement of a layer's result.
  mutating func note(_ call: KerasArrangedCall, at node: Int) {
    // A nested model's result is recorded where it is made.
    if call.layer.network != nil || call.inputs.contains(node) { return }
    arrangements[node] = graph.nodes[node].shape.count == 3 ? call.image : call.vector
  }

  /// Returns an image as [height][width][channels], permuted if necessary.
  private mutating func channelsLast(_ node: Int) throws -> Int {
    if arrangements[node] == .channelsLast { return node }
    if let known = turned[node] { return known }
    let result = try permute(node, [1, 2, 0], "channels_last")
    arrangements[result] = .channelsLast
    turned[node] = result
    turned[result] = node
    return result
  }

  /// Returns a value with its elements in Keras's order, permuted if necessary.
  mutating func asInKeras(_ node: Int) throws -> Int {
    guard let arrangement = arrangements[node] else { return node }
    if let known = turned[node] { return known }
    var result: Int
    switch arrangement {
    case .channelsLast: result = try permute(node, [2, 0, 1], "channels_first")
    case .flattened(let image):
      result = try graph.append(
        partName(node, "image"), .reshape(image), inputs: [node])
      result = try permute(result, [2, 0, 1], "channels_first")
      result = try graph.append(partName(result, "flat"), .flatten, inputs: [result])
    }
    turned[node] = result
    return result
  }

  private mutating func permute(_ node: Int, _ axes: [Int], _ part: String) throws -> Int {
    try graph.append(
      partName(node, part), .rearrange(.permutation(axes: axes)), inputs: [node])
  }

  /// Returns a name for a node that only rearranges another.
  private mutating func partName(_ node: Int, _ part: String) -> String {
    unusedName("\(graph.nodes[node].name)_\(part)")
  }
}
