import InferenceGraph

/// A graph converted to stock Keras layers.
///
/// Every node that the output depends on becomes a layer of the same name. An activation that not
/// every version of Keras accepts by name inside a layer becomes a layer of its own, whose name
/// derives from the node's. A hard sigmoid, whose slope differs between versions, becomes a
/// `Rescaling` and a `ReLU` capped at 1. In names, `_` replaces `/`, which Keras 3 forbids.
struct KerasExport {
  private(set) var layers: [KerasExportLayer] = []
  /// The index of the output layer.
  private(set) var output = 0
  private var names = NameSet()

  /// - Throws: `GraphError` for a node without an equivalent in stock Keras.
  init(_ graph: Graph) throws(GraphError) {
    let graph = graph.joiningSigmoid ?? graph
    let isNeeded = graph.reachingOutput
    // Nodes take their names before layers are made, so that added layers cannot take them.
    var nodeNames: [Int: String] = [:]
    for index in graph.nodes.indices where isNeeded[index] {
      nodeNames[index] = unused(Self.sanitized(graph.nodes[index].name))
    }
    let transposed = Self.transposedConvolutions(graph)
    var made: [Int: Int] = [:]
    for (index, node) in graph.nodes.enumerated() {
      guard let name = nodeNames[index] else { continue }
      if let window = transposed[index] {
        let image = graph.nodes[node.inputs[0]].inputs[0]
        made[index] = try add(node, name, inputs: [made[image]!], window)
        continue
      }
      if graph.consumers[index].count == 1, transposed[graph.consumers[index][0]] != nil,
        node.isZeroInsertion
      {
        continue
      }
      made[index] = try add(
        node, name, inputs: node.inputs.compactMap { made[$0] },
        shape: node.inputs.first.map { graph.nodes[$0].shape } ?? [])
    }
    output = made[graph.output] ?? 0
    sort()
  }

  /// Returns the network's configuration, in the form of Keras 2, which Keras 3 reads too.
  func config(name: String) -> JSON {
    let list = layers.map { layer -> JSON in
      let sources = layer.inputs.map { input -> JSON in
        [.string(layers[input].name), 0, 0, [:]]
      }
      return [
        "class_name": .string(layer.className), "config": JSON(layer.config),
        "name": .string(layer.name),
        "inbound_nodes": sources.isEmpty ? [] : [.array(sources)],
      ]
    }
    let input = layers.first { $0.className == "InputLayer" }?.name ?? ""
    // "Model" is the older name for "Functional", and newer versions accept it.
    return [
      "class_name": "Model",
      "config": [
        "name": .string(Self.sanitized(name)), "layers": .array(list),
        "input_layers": [[.string(input), 0, 0]],
        "output_layers": [[.string(layers[output].name), 0, 0]],
      ],
    ]
  }

  // MARK: Nodes

  /// Adds a node's layers; returns the index of the last.
  ///
  /// - Parameter shape: The shape of the first input.
  private mutating func add(
    _ node: Graph.Node, _ name: String, inputs: [Int], shape: [Int]
  ) throws(GraphError) -> Int {
    if case .activation = node.operation {
      return try add(node.activation, after: inputs[0], named: name, of: node)
    }
    if let maps = node.operation.linearMaps(of: shape) {
      return try add(maps, of: node, name, input: inputs[0], rank: shape.count)
    }
    if node.operation.hasNoKerasLayer {
      throw GraphError(
        node: node.name,
        "\(node.operation.displayName) has no form in stock Keras; write it as ONNX")
    }
    var inputs = inputs
    let operation = try inKerasPadding(node, name, inputs: &inputs, shape: shape)
    return try add(node.keras(operation, name: name, inputs: inputs), of: node)
  }

  /// Adds a layer and those of its node's activation; returns the index of the last.
  mutating func add(
    _ layer: KerasExportLayer, of node: Graph.Node
  ) throws(GraphError) -> Int {
    var layer = layer
    if layer.config["activation"] != nil, let inline = node.activation.kerasName {
      layer.config["activation"] = .string(inline)
      return append(layer)
    }
    let index = append(layer)
    if node.activation == .linear { return index }
    return try add(
      node.activation, after: index, named: unused("\(layer.name)_activation"), of: node)
  }

  /// Adds an activation's layers, the last of them named `name`; returns its index.
  private mutating func add(
    _ activation: Activation, after input: Int, named name: String, of node: Graph.Node
  ) throws(GraphError) -> Int {
    guard let steps = activation.kerasLayers else {
      throw GraphError(
        node: node.name, "its activation, \(activation), has no form in stock Keras")
    }
    var input = input
    for (number, step) in steps.enumerated() {
      let isLast = number == steps.count - 1
      let stepName = isLast ? name : unused("\(name)_step\(number + 1)")
      input = append(
        KerasExportLayer(
          name: stepName, className: step.className, config: step.config, inputs: [input]))
    }
    return input
  }

  mutating func append(_ layer: KerasExportLayer) -> Int {
    var layer = layer
    layer.config["name"] = .string(layer.name)
    layer.config["dtype"] = "float32"
    layers.append(layer)
    return layers.count - 1
  }

  // MARK: Names and order

  private static func sanitized(_ name: String) -> String {
    let result = String(name.map { $0 == "/" || $0 == "\0" ? "_" : $0 })
    return result.isEmpty || result == "." ? "layer" : result
  }

  /// Reserves a name: `name`, or the first free one with a number appended.
  mutating func unused(_ name: String) -> String {
    names.take(name) { "\(name)_\($0 - 1)" }
  }

  /// Sorts the layers in Keras's own order, by which Keras assigns weights: decreasing distance
  /// from the output, then the order of a depth-first search from there.
  private mutating func sort() {
    var depth = [Int](repeating: 0, count: layers.count)
    for index in layers.indices.reversed() {
      for input in layers[index].inputs { depth[input] = max(depth[input], depth[index] + 1) }
    }
    var met = [Int](repeating: -1, count: layers.count)
    var count = 0
    var stack = [output]
    while let index = stack.popLast() {
      if met[index] >= 0 { continue }
      met[index] = count
      count += 1
      stack += layers[index].inputs.reversed()
    }
    let order = layers.indices.sorted { (-depth[$0], met[$0]) < (-depth[$1], met[$1]) }
    var place = [Int](repeating: 0, count: layers.count)
    for (new, old) in order.enumerated() { place[old] = new }
    layers = order.map { old in
      KerasExportLayer(
        name: layers[old].name, className: layers[old].className, config: layers[old].config,
        inputs: layers[old].inputs.map { place[$0] }, weights: layers[old].weights)
    }
    output = place[output]
  }
}
