/// One pass through a graph that rewrites every node for removed channels.
///
/// For each node it tracks the channels that pruning made constant: removed channels, and channels
/// that remain to carry a constant. The pruned layers must be masked already.
struct ChannelRemoval {
  let graph: Graph
  /// The pruned channels, by node.
  let cuts: [Int: Set<Int>]
  /// The pruned channels that remain, masked, to carry constants.
  let carriers: Set<ChannelOfNode>
  /// The constant channels of each node rewritten so far, after its activation.
  var constants: [[Int: ConstantChannel]] = []

  init(_ graph: Graph, cuts: [Int: Set<Int>], carriers: Set<ChannelOfNode>) {
    self.graph = graph
    self.cuts = cuts
    self.carriers = carriers
  }

  /// A node's operation without removed channels, and the node's constant channels.
  typealias Rewritten = (operation: Graph.Operation, constants: [Int: ConstantChannel])

  /// Returns the graph without the removed channels.
  mutating func run() throws(RemovalObstacle) -> Graph {
    var result = graph.withInputAlone
    constants = [[:]]
    for index in graph.nodes.indices.dropFirst() {
      let node = graph.nodes[index]
      let rewritten = try rewrite(index)
      constants.append(try activated(rewritten.constants, index))
      do throws(GraphError) {
        try result.append(
          node.name, rewritten.operation, inputs: node.inputs, activation: node.activation)
      } catch {
        throw .impossible(error)
      }
    }
    result.setOutput(graph.output)
    return result
  }

  /// Returns a node's constants after its activation; throws if the node must not lose them.
  private func activated(
    _ constants: [Int: ConstantChannel], _ index: Int
  ) throws(RemovalObstacle) -> [Int: ConstantChannel] {
    let node = graph.nodes[index]
    let removed = constants.filter { $0.value.isRemoved }
    if !removed.isEmpty {
      if index == graph.output {
        throw impossible(index, removed, "the classes would change")
      }
      if removed.count == node.channels {
        throw impossible(index, removed, "no channel would be left")
      }
      if !node.activation.isElementwise {
        throw impossible(index, removed, "its softmax depends on them")
      }
    }
    guard node.activation.isElementwise else { return [:] }
    return constants.mapValues { $0.with($0.values.map { node.activation.value(at: $0) }) }
  }

  /// Returns the error for channels of a node that cannot be removed; names their origin.
  func impossible(
    _ index: Int, _ channels: [Int: ConstantChannel], _ reason: String
  ) -> RemovalObstacle {
    .impossible(refusal(index, Set(channels.values.flatMap(\.origins)), reason))
  }

  func refusal(_ index: Int, _ origins: Set<ChannelOfNode>, _ reason: String) -> GraphError {
    let layers = Set(origins.map(\.node)).sorted().map { "'\(graph.nodes[$0].name)'" }
    return GraphError(
      node: graph.nodes[index].name,
      "channels of \(layers.joined(separator: " and ")) cannot be removed: \(reason); mask them"
        + " instead")
  }

  /// Returns a node's operation and its constants before its activation.
  private func rewrite(_ index: Int) throws(RemovalObstacle) -> Rewritten {
    let node = graph.nodes[index]
    let input = constants[node.inputs[0]]
    let inputShape = graph.nodes[node.inputs[0]].shape
    let kept = keptChannels(of: node.inputs[0])
    switch node.operation {
    case .input:
      return (node.operation, [:])
    case .convolution(let c):
      return try convolution(c, index)
    case .depthwiseConvolution(let c):
      return (.depthwiseConvolution(c.selecting(kept)), c.constants(from: input, inputShape))
    case .separableConvolution(let c):
      return try separable(c, index)
    case .dense(let d):
      return try dense(d, index)
    case .pooling(let p):
      let grid = WindowGrid(p.grid, over: inputShape)
      return (node.operation, input.mapValues { $0.with(grid.pool($0, p.kind)) })
    case .globalPooling(let kind, _):
      return (node.operation, input.mapValues { $0.with([kind.value(of: $0.values)]) })
    case .adaptivePooling(let p):
      return (node.operation, input.mapValues { $0.with(p.pooled($0.values, from: inputShape)) })
    case .batchNormalization(let b):
      var constants = input
      for (channel, constant) in input {
        let map = b.map(channel)
        constants[channel] = constant.with(constant.values.map { $0 * map.scale + map.offset })
      }
      return (.batchNormalization(b.selecting(kept)), constants)
    case .layerNormalization:
      let removed = input.filter { $0.value.isRemoved }
      guard removed.isEmpty else {
        throw impossible(index, removed, "its mean and variance count them")
      }
      return (node.operation, [:])
    case .responseNormalization:
      let removed = input.filter { $0.value.isRemoved }
      guard removed.isEmpty else {
        throw impossible(index, removed, "its sums over adjacent channels count them")
      }
      return (node.operation, [:])
    case .matrixProduct:
      let removed = node.inputs.reduce(into: [Int: ConstantChannel]()) { all, input in
        all.merge(constants[input].filter { $0.value.isRemoved }) { first, _ in first }
      }
      guard removed.isEmpty else {
        throw impossible(index, removed, "it multiplies them by other activations")
      }
      return (node.operation, [:])
    case .constantValue:
      return (node.operation, [:])
    case .parametricReLU(var r):
      var constants = input
      for (channel, constant) in input {
        let alpha = Double(r.alpha.values[channel])
        constants[channel] = constant.with(constant.values.map { $0 < 0 ? $0 * alpha : $0 })
      }
      r.alpha = r.alpha.selecting(kept, axis: 0)
      return (.parametricReLU(r), constants)
    case .rescaling(var r):
      var constants = input
      for (channel, constant) in input {
        let scale = Double(r.scale[r.scale.count == 1 ? 0 : channel])
        let offset = Double(r.offset[r.offset.count == 1 ? 0 : channel])
        constants[channel] = constant.with(constant.values.map { $0 * scale + offset })
      }
      if r.scale.count > 1 { r.scale = kept.map { r.scale[$0] } }
      if r.offset.count > 1 { r.offset = kept.map { r.offset[$0] } }
      return (.rescaling(r), constants)
    case .rearrange(.selection(axis: -1, let indices)):
      let sources = Rearrangement.selection(axis: -1, indices: indices)
        .sources(inputShape, node.shape)
      var places: [Int: Int] = [:]
      for (place, channel) in kept.enumerated() { places[channel] = place }
      return (
        .rearrange(.selection(axis: -1, indices: indices.compactMap { places[$0] })),
        try moved(index, sources)
      )
    case .rearrange(let r):
      return (node.operation, try moved(index, r.sources(inputShape, node.shape)))
    case .resize(let r):
      return (node.operation, input.mapValues { $0.with(r.resized($0.values, from: inputShape)) })
    case .flatten:
      return (.flatten, try reshaped(index))
    case .reshape:
      let constants = try reshaped(index)
      let removed = constants.count { $0.value.isRemoved }
      return (.reshape(node.shape.dropLast() + [node.channels - removed]), constants)
    case .zeroPadding(let top, _, let left, _):
      return (
        node.operation,
        input.mapValues { constant in
          var values = Array(repeating: 0.0, count: node.shape[0] * node.shape[1])
          for (pixel, value) in constant.values.enumerated() {
            let (y, x) = pixel.quotientAndRemainder(dividingBy: inputShape[1])
            values[(y + top) * node.shape[1] + x + left] = value
          }
          return constant.with(values)
        }
      )
    case .activation, .trainingOnly:
      return (node.operation, input)
    case .add, .multiply, .maximum, .minimum:
      return (node.operation, try combined(index))
    case .concatenate:
      var constants: [Int: ConstantChannel] = [:]
      var offset = 0
      for input in node.inputs {
        for (channel, constant) in self.constants[input] { constants[offset + channel] = constant }
        offset += graph.nodes[input].channels
      }
      return (.concatenate, constants)
    case .binaryLogits:
      // The operation reads a single channel, the only one of a layer, which therefore remains.
      return (.binaryLogits, input[0].map { [1: $0] } ?? [:])
    }
  }

  /// Returns the channels of a node that remain.
  func keptChannels(of index: Int) -> [Int] {
    (0..<graph.nodes[index].channels).filter { constants[index][$0]?.isRemoved != true }
  }

  /// Returns the constants of a flattening or reshaping, which keeps the row-major order.
  private func reshaped(_ index: Int) throws(RemovalObstacle) -> [Int: ConstantChannel] {
    try moved(index, Array(0..<graph.nodes[index].elementCount))
  }

  /// Returns the constants of a node that takes its elements from these row-major positions of its
  /// input, or zeros for -1.
  private func moved(
    _ index: Int, _ sources: [Int]
  ) throws(RemovalObstacle) -> [Int: ConstantChannel] {
    let input = constants[graph.nodes[index].inputs[0]]
    guard !input.isEmpty else { return [:] }
    let node = graph.nodes[index]
    let channels = graph.nodes[node.inputs[0]].channels
    var elements: [Int: [(position: Int, value: Double, of: ConstantChannel)]] = [:]
    var zeros: [Int: Int] = [:]
    for (element, source) in sources.enumerated() {
      if source < 0 {
        zeros[element % node.channels, default: 0] += 1
        continue
      }
      let (position, channel) = source.quotientAndRemainder(dividingBy: channels)
      guard let constant = input[channel] else { continue }
      let (row, column) = element.quotientAndRemainder(dividingBy: node.channels)
      elements[column, default: []].append((row, constant.values[position], constant))
    }
    let rows = node.elementCount / node.channels
    var result: [Int: ConstantChannel] = [:]
    for (column, parts) in elements {
      let origins = parts.dropFirst().reduce(into: parts[0].of.origins) {
        if $1.of.origins != $0 { $0.formUnion($1.of.origins) }
      }
      let removed = parts.count { $0.of.isRemoved }
      let count = parts.count + zeros[column, default: 0]
      guard removed == 0 || removed == parts.count && count == rows else {
        throw .impossible(refusal(index, origins, "its new shape \(node.shape) mixes channels"))
      }
      guard count == rows else { continue }
      var values = Array(repeating: 0.0, count: rows)
      for part in parts { values[part.position] = part.value }
      result[column] = ConstantChannel(values: values, isRemoved: removed > 0, origins: origins)
    }
    return result
  }
}

extension Graph {
  /// The graph reduced to its input.
  fileprivate var withInputAlone: Graph {
    var result = self
    result.nodes.removeSubrange(1...)
    result.output = 0
    return result
  }
}
