import InferenceGraph

/// Builds a graph from a network's configuration and weights, with nested models inlined.
struct KerasGraphBuilder {
  /// The largest number of layer calls. No image classifier has more, but a hostile file could nest
  /// models that use each other many times.
  static let maximumNodes = 10_000

  let weights: KerasWeights
  let major: Int
  var graph: Graph
  /// The arrangements of nodes whose element order differs from Keras's.
  var arrangements: [Int: KerasArrangement] = [:]
  /// For each node, the one with the same values in the other arrangement.
  var turned: [Int: Int] = [:]
  /// The names of the outermost layers, which layers of nested models must not take.
  private let reserved: Set<String>
  /// The owner of each name: the path of a layer.
  private var used: [String: [String]] = [:]
  /// The next number to append, for each name.
  private var numbers: [String: Int] = [:]
  private var callCount = 0

  /// Builds the graph.
  ///
  /// - Throws: ``KerasError``, `GraphError` or ``FileError``.
  static func build(_ network: KerasNetwork, weights: KerasWeights, major: Int) throws -> Graph {
    guard let shape = network.inputShape else {
      throw KerasError(
        "layer '\(network.input)': the size of its images is not fixed; save the model with a "
          + "fixed input size", rule: .kerasUnsupported)
    }
    let isChannelsFirst = isChannelsFirst(network, major: major)
    let graph = try Graph(
      inputShape: isChannelsFirst ? [shape[1], shape[2], shape[0]] : shape,
      inputName: network.input)
    var builder = KerasGraphBuilder(
      weights: weights, major: major, graph: graph, reserved: Set(network.layers.map(\.name)))
    builder.used[network.input] = [network.input]
    if isChannelsFirst { builder.arrangements[0] = .channelsLast }
    builder.graph.setOutput(try builder.add(network, input: 0, path: []))
    // A single sigmoid unit is replaced by two classes.
    let whole = builder.graph.splittingSigmoid ?? builder.graph
    if let fault = whole.outputFault(appending: "Activation('sigmoid')") {
      throw KerasError(
        "layer '\(whole.nodes[whole.output].name)': \(fault)", rule: .kerasUnsupported)
    }
    return whole
  }

  private init(weights: KerasWeights, major: Int, graph: Graph, reserved: Set<String>) {
    self.weights = weights
    self.major = major
    self.graph = graph
    self.reserved = reserved
  }

  /// Appends a network that reads the node `input`; returns its output node.
  private mutating func add(
    _ network: KerasNetwork, input: Int, path: [String]
  ) throws -> Int {
    let calls = try network.reachableCalls()
    let layers = Dictionary(uniqueKeysWithValues: network.layers.map { ($0.name, $0) })
    // By number, since a hostile file's order may need as many passes as there are calls.
    let numbers = Dictionary(uniqueKeysWithValues: calls.enumerated().map { ($1, $0 + 1) })
    let source = KerasCall.Source(layer: network.input, call: 0)
    let reads = calls.map { call in
      (layers[call.layer]?.calls[call.call].inputs ?? []).map { $0 == source ? 0 : numbers[$0] }
    }
    // The nodes of the input and of every call.
    var done: [Int?] = [input] + calls.map { _ in nil }
    var pending = Array(calls.indices)
    // In the order of the file, as far as the inputs of a call are available.
    while !pending.isEmpty {
      var left: [Int] = []
      for index in pending {
        let (name, number) = (calls[index].layer, calls[index].call)
        guard let layer = layers[name] else { continue }
        let inputs = reads[index].compactMap { $0.flatMap { done[$0] } }
        if inputs.count < reads[index].count {
          left.append(index)
        } else {
          done[index + 1] = try add(layer, layer.calls[number], inputs: inputs, path: path)
        }
      }
      guard left.count < pending.count else {
        throw KerasError(
          "layer '\(calls[left[0]].layer)': it reads its own output; the file is damaged")
      }
      pending = left
    }
    let output = network.output == source ? 0 : numbers[network.output]
    guard let node = output.flatMap({ done[$0] }) else {
      throw KerasError("the model '\(network.name)' has no output layer")
    }
    return node
  }

  private mutating func add(
    _ layer: KerasLayer, _ call: KerasCall, inputs: [Int], path: [String]
  ) throws -> Int {
    callCount += 1
    guard callCount <= Self.maximumNodes else {
      throw KerasError(
        "the model uses layers more than \(Self.maximumNodes) times, which is too "
          + "often")
    }
    if layer.isTimeDistributed {
      let inputs = try inputs.map { try asInKeras($0) }
      return try timeDistributed(layer, call, inputs: inputs, path: path)
    }
    let arranged = try arranged(layer, inputs)
    let node = try add(
      arranged.layer, call, inputs: arranged.inputs, path: path, flattened: arranged.flattened)
    note(arranged, at: node)
    return node
  }

  /// Appends a layer whose channels are last.
  ///
  /// - Parameters:
  ///   - flattened: The shape, `[height, width, channels]`, of the image that the input vector
  ///     flattens; nil if it does not.
  ///   - weightShape: The shape of its weights in the file, if it differs from the layer's own.
  mutating func add(
    _ layer: KerasLayer, _ call: KerasCall, inputs: [Int], path: [String], flattened: [Int]? = nil,
    weightShape: [Int]? = nil
  ) throws -> Int {
    if let node = try compose(layer, call, inputs: inputs, path: path) { return node }
    if layer.isOperation {
      throw KerasError(layer, KerasNetwork.notSupported, rule: .kerasUnsupported)
    }
    if call.hasConstants {
      throw KerasError(
        layer, "it is called with arguments other than tensors, which is not supported",
        rule: .kerasUnsupported)
    }
    // Keras 3 writes `training=True` for augmentation layers, and `predict` overrides it for all
    // layers.
    if call.isTraining, !call.isKeras3, layer.changesInTraining {
      throw KerasError(
        layer, "it was called with training=True and is not fixed at inference",
        rule: .kerasUnsupported)
    }
    if let network = layer.network {
      guard inputs.count == 1 else {
        throw KerasError(
          layer, "a nested model reads \(inputs.count) inputs; one is supported",
          rule: .kerasUnsupported)
      }
      let shape = kerasShape(inputs[0])
      if let expected = network.inputShape, expected != shape {
        throw KerasError(layer, "its input has shape \(shape), but needs \(expected)")
      }
      return try add(network, input: inputs[0], path: path + [layer.name])
    }
    let (operation, activation) = try KerasOperation(
      layer: layer, path: path, weights: weights, major: major,
      inputs: inputs.map { graph.nodes[$0].shape }, flattened: flattened, weightShape: weightShape
    ).make()
    return try graph.append(
      name(of: layer, path), operation, inputs: inputs, activation: activation)
  }

  /// Returns a name for a node: the layer's name, preceded by those of its models if it is taken,
  /// and followed by a number if the layer is used again.
  ///
  /// - Parameter part: The node's part in a composed layer; nil for the node with the layer's
  ///   result.
  mutating func name(of layer: KerasLayer, _ path: [String], part: String? = nil) -> String {
    let owner = path + [layer.name] + (part.map { [$0] } ?? [])
    var base = part.map { "\(layer.name)_\($0)" } ?? layer.name
    if !path.isEmpty, reserved.contains(base) || used[base].map({ $0 != owner }) ?? false {
      base = owner.joined(separator: "/")
    }
    return take(base, for: owner, besides: layer.name)
  }

  /// Returns an unused name for a node that does not belong to a layer.
  mutating func unusedName(_ base: String) -> String { take(base, for: nil) }

  /// Reserves a name, or the first free one with a number appended.
  ///
  /// - Parameters:
  ///   - base: The name.
  ///   - owner: The path of the layer that owns the name; nil if the node has no layer.
  ///   - layer: The layer whose own name may be taken.
  private mutating func take(
    _ base: String, for owner: [String]?, besides layer: String? = nil
  ) -> String {
    let name = freeName(
      base, isTaken: { used[$0] != nil || ($0 != layer && reserved.contains($0)) },
      numbered: { _ in
        // Continues from the last number, as a file may use one layer many thousands of times.
        let number = numbers[base, default: 1]
        numbers[base] = number + 1
        return "\(base)_\(number)"
      })
    used[name] = owner ?? [name]
    return name
  }
}
