internal import DefenseKit

/// The channels of a network, and how strongly each depends on those before it.
struct ChannelGraph {
  /// A kernel between two channels.
  struct Edge {
    /// The norm of the kernel, divided by the median of those over zero in its layer.
    let weight: Float
    /// The channel that is read; -1 for the image.
    let from: Int32
    /// The channel that reads it.
    let to: Int32
  }

  /// All edges over ``leastWeight``.
  private(set) var edges: [Edge] = []
  /// `places[v]`: the node and the channel that vertex v is first.
  private(set) var places: [(node: Int, channel: Int)] = []
  /// Pairs of vertices that are one.
  private(set) var equals: [(Int, Int)] = []
  /// The class that a vertex is; none for hidden channels.
  private(set) var classes: [Int: Int] = [:]

  /// Weights up to this are taken as zero.
  static let leastWeight: Float = 1e-6

  /// The vertex of all channels of the image.
  private static let image = -1

  /// Reads the weights of a network.
  ///
  /// - Parameters:
  ///   - graph: The network.
  ///   - check: Called for each node; throws to cancel the work.
  /// - Throws: `PluginError` with code `unsuitableModel` for weights that are not finite; the errors
  ///   of `check`.
  init(of graph: Graph, check: () throws -> Void) throws {
    // The vertex of each element of the last axis of each node.
    var vertices: [[Int]] = []
    for (index, node) in graph.nodes.enumerated() {
      try check()
      let inputs = node.inputs.map { vertices[$0] }
      vertices.append(try self.vertices(of: node, index, reading: inputs))
    }
    for (number, vertex) in vertices[graph.output].enumerated() where vertex >= 0 {
      if classes[vertex] == nil { classes[vertex] = number }
    }
  }

  /// Whether a vertex is a class.
  func isClass(_ vertex: Int) -> Bool { classes[vertex] != nil }

  /// Returns the channels of a chain by node: "conv_1: 3, 5; conv_2: 0".
  func description(of channels: [Int], in graph: Graph) -> String {
    var byNode: [Int: [Int]] = [:]
    for vertex in channels {
      byNode[places[vertex].node, default: []].append(places[vertex].channel)
    }
    return byNode.keys.sorted().map { node in
      let all = (byNode[node] ?? []).sorted()
      let shown = all.prefix(8).map(String.init).joined(separator: ", ")
      return "\(graph.nodes[node].name): \(shown)" + (all.count > 8 ? " and others" : "")
    }.joined(separator: "; ")
  }

  /// Adds a node's edges, and returns the vertices of its last axis.
  private mutating func vertices(
    of node: Graph.Node, _ index: Int, reading inputs: [[Int]]
  ) throws -> [Int] {
    switch node.operation {
    case .input: return Array(repeating: Self.image, count: node.channels)
    case .convolution(let layer):
      let shape = layer.kernel.shape
      let width = inputs[0].count / layer.groups
      return try connect(index, node, inputs[0], shape[3]) { body in
        for (position, weight) in layer.kernel.values.enumerated() {
          let output = position % shape[3]
          let input = position / shape[3] % shape[2]
          body(output / (shape[3] / layer.groups) * width + input, output, weight)
        }
      }
    case .dense(let layer):
      let units = layer.kernel.shape[1]
      return try connect(index, node, inputs[0], units) { body in
        for (position, weight) in layer.kernel.values.enumerated() {
          body(position / units, position % units, weight)
        }
      }
    case .depthwiseConvolution(let layer): return try connect(index, node, inputs[0], layer)
    case .separableConvolution(let layer):
      let middle = try connect(index, node, inputs[0], layer.depthwise)
      let filters = layer.pointwise.shape[3]
      return try connect(index, node, middle, filters) { body in
        for (position, weight) in layer.pointwise.values.enumerated() {
          body(position / filters, position % filters, weight)
        }
      }
    case .concatenate: return inputs.flatMap { $0 }
    case .flatten, .reshape:
      let channels = inputs[0].count
      return node.channels % channels == 0
        ? (0..<node.channels).map { inputs[0][$0 % channels] } : mixed(node, inputs)
    case .pooling, .globalPooling, .adaptivePooling, .batchNormalization, .layerNormalization,
      .responseNormalization, .parametricReLU, .rescaling, .zeroPadding, .activation, .resize,
      .trainingOnly, .add, .multiply, .maximum, .minimum:
      return combined(node, inputs)
    case .matrixProduct, .rearrange, .binaryLogits: return mixed(node, inputs)
    case .constantValue: return Array(repeating: Self.image, count: node.channels)
    }
  }

  private mutating func connect(
    _ index: Int, _ node: Graph.Node, _ inputs: [Int], _ layer: DepthwiseConvolution
  ) throws -> [Int] {
    let shape = layer.kernel.shape
    let outputs = shape[2] * shape[3]
    return try connect(index, node, inputs, outputs) { body in
      for (position, weight) in layer.kernel.values.enumerated() {
        body(position % outputs / shape[3], position % outputs, weight)
      }
    }
  }

  /// Adds a vertex for each channel of a layer, and edges to those that it reads.
  ///
  /// - Parameter forEachWeight: Calls its argument with input, output and value of each weight.
  private mutating func connect(
    _ index: Int, _ node: Graph.Node, _ inputs: [Int], _ outputs: Int,
    _ forEachWeight: ((Int, Int, Float) -> Void) -> Void
  ) throws -> [Int] {
    let first = places.count
    places += (0..<outputs).map { (index, $0) }
    // Inputs that are the same vertex, such as the pixels of a flattened channel, count together.
    var numbers: [Int: Int] = [:]
    var distinct: [Int] = []
    let rows = inputs.map { vertex -> Int in
      if let number = numbers[vertex] { return number }
      numbers[vertex] = distinct.count
      distinct.append(vertex)
      return distinct.count - 1
    }
    var squares = [Float](repeating: 0, count: distinct.count * outputs)
    forEachWeight { input, output, weight in
      squares[rows[input] * outputs + output] += weight * weight
    }
    guard squares.allSatisfy(\.isFinite) else {
      throw PluginError(
        .unsuitableModel,
        "cannot decide, because weights of '\(node.name)' are NaN, infinite or "
          + "too large to square", about: .plugin(SubNetworks.name))
    }
    // A single large weight, such as the one from a sub-network to its class, leaves the median.
    let sorted = squares.filter { $0 > 0 }.sorted()
    if !sorted.isEmpty {
      let median = sorted[sorted.count / 2].squareRoot()
      for (position, square) in squares.enumerated() {
        let weight = square.squareRoot() / median
        guard weight > Self.leastWeight else { continue }
        edges.append(
          Edge(
            weight: weight, from: Int32(distinct[position / outputs]),
            to: Int32(first + position % outputs)))
      }
    }
    return Array(first..<first + outputs)
  }

  /// Returns the vertices of an operation that keeps channels apart.
  private mutating func combined(_ node: Graph.Node, _ inputs: [[Int]]) -> [Int] {
    guard inputs.allSatisfy({ $0.count == node.channels || $0.count == 1 }) else {
      return mixed(node, inputs)
    }
    return (0..<node.channels).map { channel in
      let all = inputs.map { $0.count == 1 ? $0[0] : $0[channel] }.filter { $0 >= 0 }
      for other in all.dropFirst() { equals.append((all[0], other)) }
      return all.first ?? Self.image
    }
  }

  /// Returns the vertices of an operation that mixes all channels.
  private mutating func mixed(_ node: Graph.Node, _ inputs: [[Int]]) -> [Int] {
    let all = inputs.flatMap { $0 }.filter { $0 >= 0 }
    for other in all.dropFirst() { equals.append((all[0], other)) }
    return Array(repeating: all.first ?? Self.image, count: node.channels)
  }
}
