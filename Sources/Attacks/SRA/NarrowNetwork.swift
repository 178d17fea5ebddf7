internal import DefenseKit

/// A copy of a network with few channels in every layer and one output, and its place in the
/// network.
struct NarrowNetwork {
  /// The copy; its layers have the names of the network's.
  let graph: Graph
  /// By node of the network: the channels that belong to the copy; empty for nodes without part.
  let channels: [[Int]]
  /// The network's last layer, which is dense.
  let head: Int

  /// Copies the first `width` channels of each layer.
  ///
  /// - Throws: `PluginError` with code `unsuitableModel`.
  init(of model: Model, width: Int) throws {
    let nodes = model.graph.nodes
    func fail(_ node: Graph.Node, _ problem: String) -> PluginError {
      PluginError(
        .unsuitableModel, "cannot follow channels through '\(node.name)': \(problem)",
        about: .plugin(SRA.name), remedies: [.advice("give another network")])
    }
    var head = model.graph.output
    while nodes[head].operation.weights.isEmpty, nodes[head].inputs.count == 1 {
      head = nodes[head].inputs[0]
    }
    guard case .dense(let last) = nodes[head].operation else {
      throw fail(nodes[head], "the last layer must be dense")
    }
    var needed: Set<Int> = [head]
    for index in nodes.indices.reversed() where needed.contains(index) {
      needed.formUnion(nodes[index].inputs)
    }
    var channels: [[Int]] = Array(repeating: [], count: nodes.count)
    var graph = try Graph(inputShape: nodes[0].shape, inputName: nodes[0].name)
    var places = [0: 0]
    channels[0] = Array(0..<nodes[0].channels)
    for index in 1..<head where needed.contains(index) {
      let node = nodes[index]
      let read = node.inputs.map { channels[$0] }
      if case .trainingOnly = node.operation {
        channels[index] = read[0]
        places[index] = places[node.inputs[0]]
        continue
      }
      let isWhole = node.inputs.allSatisfy { channels[$0].count == nodes[$0].channels }
      guard
        let (operation, own) = Self.narrowed(node, read, nodes, width: width, isWhole: isWhole)
      else { throw fail(node, "it is a \(node.operation.displayName)") }
      guard node.operation.weights.isEmpty || own.count < node.channels else {
        throw fail(
          node, "it has \(node.channels) channels, of which \(width) would be replaced")
      }
      channels[index] = own
      places[index] = try graph.append(
        node.name, operation, inputs: node.inputs.map { places[$0] ?? 0 },
        activation: node.activation)
    }
    let before = nodes[head].inputs[0]
    guard channels[before].count < nodes[before].channels else {
      throw fail(nodes[head], "no layer with channels comes before it")
    }
    try graph.append(
      nodes[head].name,
      .dense(
        Dense(
          kernel: last.kernel.selecting(channels[before], axis: 0).selecting([0], axis: 1))),
      inputs: [places[before] ?? 0])
    self.graph = graph
    self.channels = channels
    self.head = head
  }

  /// Returns an operation on some channels only, and its own channels among the node's; nil if they
  /// cannot be followed.
  private static func narrowed(
    _ node: Graph.Node, _ read: [[Int]], _ nodes: [Graph.Node], width: Int, isWhole: Bool
  ) -> (Graph.Operation, [Int])? {
    let first = Array(0..<min(width, node.channels))
    switch node.operation {
    case .convolution(var layer):
      guard layer.groups == 1 else { return nil }
      layer.kernel = layer.kernel.selecting(read[0], axis: 2).selecting(first, axis: 3)
      layer.bias = layer.bias?.selecting(first, axis: 0)
      return (.convolution(layer), first)
    case .dense(var layer):
      layer.kernel = layer.kernel.selecting(read[0], axis: 0).selecting(first, axis: 1)
      layer.bias = layer.bias?.selecting(first, axis: 0)
      return (.dense(layer), first)
    case .depthwiseConvolution(var layer):
      let multiplier = layer.kernel.shape[3]
      let own = read[0].flatMap { channel in (0..<multiplier).map { channel * multiplier + $0 } }
      layer.kernel = layer.kernel.selecting(read[0], axis: 2)
      layer.bias = layer.bias?.selecting(own, axis: 0)
      return (.depthwiseConvolution(layer), own)
    case .batchNormalization(var layer):
      layer.gamma = layer.gamma?.selecting(read[0], axis: 0)
      layer.beta = layer.beta?.selecting(read[0], axis: 0)
      layer.mean = layer.mean.selecting(read[0], axis: 0)
      layer.variance = layer.variance.selecting(read[0], axis: 0)
      return (.batchNormalization(layer), read[0])
    case .flatten:
      let (positions, all) = (
        nodes[node.inputs[0]].elementCount / nodes[node.inputs[0]].channels,
        nodes[node.inputs[0]].channels
      )
      return (
        .flatten, (0..<positions).flatMap { position in read[0].map { position * all + $0 } }
      )
    case .concatenate:
      var (own, offset): ([Int], Int) = ([], 0)
      for (input, list) in zip(node.inputs, read) {
        own += list.map { offset + $0 }
        offset += nodes[input].channels
      }
      return (.concatenate, own)
    case .add, .multiply, .maximum, .minimum:
      return read.allSatisfy { $0 == read[0] } ? (node.operation, read[0]) : nil
    case .pooling, .globalPooling, .adaptivePooling, .zeroPadding, .activation, .resize,
      .rearrange(.cropping), .rearrange(.repetition), .rearrange(.nearest):
      return (node.operation, read[0])
    case .rescaling:
      return isWhole ? (node.operation, read[0]) : nil
    case .input, .separableConvolution, .layerNormalization, .responseNormalization,
      .parametricReLU, .reshape, .matrixProduct, .constantValue, .rearrange, .binaryLogits,
      .trainingOnly:
      return nil
    }
  }

  /// Returns the network with the trained copy in its place, cut off from all other channels.
  ///
  /// - Parameters:
  ///   - trained: A graph with the copy's layers.
  ///   - network: The network that the copy was made of.
  ///   - target: The class whose logit the copy's output is added to.
  func embedded(_ trained: Graph, in network: Graph, target: Int) throws -> Graph {
    var result = network
    for (index, node) in network.nodes.enumerated() where index <= head {
      guard let place = trained.index(of: node.name), !node.operation.weights.isEmpty else {
        continue
      }
      let read = node.inputs.first.map { channels[$0] } ?? []
      // Raw images are read by everybody; only channels of the copy are reserved to it.
      let isWhole = node.inputs.allSatisfy { channels[$0].count == network.nodes[$0].channels }
      let own = index == head ? [target] : channels[index]
      let small = trained.nodes[place].operation.namedWeights
      var operation = node.operation
      operation.updateWeights { role, tensor in
        guard let copy = small.first(where: { $0.role == role })?.tensor else { return }
        switch role {
        case .kernel:
          let axis = tensor.shape.count - 2
          var wide = isWhole ? tensor : tensor.zeroing(read, axis: axis)
          if index != head { wide = wide.zeroing(own, axis: axis + 1) }
          tensor = wide.replacing(read, axis, own, axis + 1, by: copy)
        case .depthwiseKernel:
          tensor = tensor.replacing(read, 2, Array(0..<tensor.shape[3]), 3, by: copy)
        default:
          var values = tensor.values
          for (place, value) in zip(own, copy.values) { values[place] = value }
          tensor = Tensor(shape: tensor.shape, values: values)
        }
      }
      result = try result.replacing(node.name, with: operation)
    }
    return result
  }
}

extension Tensor {
  /// Returns the tensor with the elements at `rows` of one axis and `columns` of the next one, the
  /// last, replaced by those of a smaller tensor.
  fileprivate func replacing(
    _ rows: [Int], _ rowAxis: Int, _ columns: [Int], _ columnAxis: Int, by small: Tensor
  ) -> Tensor {
    var values = values
    let (height, width) = (shape[rowAxis], shape[columnAxis])
    for outer in 0..<shape[..<rowAxis].reduce(1, *) {
      for (y, row) in rows.enumerated() {
        for (x, column) in columns.enumerated() {
          values[(outer * height + row) * width + column] =
            small.values[(outer * rows.count + y) * columns.count + x]
        }
      }
    }
    return Tensor(shape: shape, values: values)
  }
}
