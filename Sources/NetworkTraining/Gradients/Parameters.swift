internal import InferenceGraph
/// The weights of a graph and their gradient as flat arrays, each weight tensor a segment.
final class Parameters: Sendable {
  /// One weight tensor.
  struct Segment: Sendable {
    /// The index of its node in the graph.
    let node: Int
    let role: WeightRole
    /// The shape in the graph.
    let shape: [Int]
    /// Its position in the flat arrays; starts are multiples of 16.
    let range: Range<Int>
    /// Whether its node is trained and the graph's output depends on it.
    let isOfTrainedNode: Bool

    /// Whether it is updated by its gradient; false for moving statistics and for weights that the
    /// output does not depend on.
    var isTrained: Bool { isOfTrainedNode && role.isTrained }
    /// Whether weight decay acts on it.
    var decays: Bool { role.isKernel }
  }

  /// All weight tensors, in the graph's order.
  let segments: [Segment]
  /// The weights, with zeros between segments.
  let weights: Storage<Float>
  /// The gradient of the last batch; zero for untrained weights, for masked channels, and between
  /// segments.
  let gradient: Storage<Float>

  /// Copies the weights of a graph.
  ///
  /// - Parameters:
  ///   - graph: The graph.
  ///   - trained: The nodes whose weights are trained; nil: all.
  init(_ graph: Graph, trained: Set<Int>? = nil) {
    var segments: [Segment] = []
    var values: [(Int, [Float])] = []
    var end = 0
    let reaching = graph.reachingOutput
    for (index, node) in graph.nodes.enumerated() {
      for (role, tensor) in node.operation.namedWeights {
        segments.append(
          Segment(
            node: index, role: role, shape: tensor.shape, range: end..<end + tensor.count,
            isOfTrainedNode: reaching[index] && trained?.contains(index) ?? true))
        values.append((end, tensor.values))
        end = (end + tensor.count + 15) / 16 * 16
      }
    }
    self.segments = segments
    weights = Storage(count: end)
    gradient = Storage(count: end)
    for (start, elements) in values {
      for (index, element) in elements.enumerated() {
        unsafe weights.pointer[start + index] = element
      }
    }
  }

  /// Returns the graph with the current weights.
  func graph(_ graph: Graph) -> Graph {
    var result = graph
    var remaining = segments[...]
    for index in result.nodes.indices {
      result.nodes[index].operation.updateWeights { _, tensor in
        let range = remaining.removeFirst().range
        tensor = Tensor(shape: tensor.shape, values: range.map { unsafe weights.pointer[$0] })
      }
    }
    return result
  }
}

/// The masked channels of a layer: those whose slices of the kernel are all zero.
///
/// Training does not change these slices and the channels' biases.
struct MaskedChannels: Sendable {
  /// The layer's weights with one slice for each channel; channels are the last axis.
  private let segments: [Parameters.Segment]
  private let channels: [Int]
  /// The number of all channels.
  private let count: Int

  /// Finds the masked channels of all layers.
  static func all(in parameters: Parameters) -> [MaskedChannels] {
    let byNode = Dictionary(grouping: parameters.segments, by: \.node)
    return byNode.keys.sorted().compactMap { node in
      let segments = byNode[node]!
      // The channels of a separable convolution are those of its pointwise part.
      guard let kernel = segments.last(where: \.decays) else { return nil }
      let biases = segments.filter { $0.role == .bias }
      let count = kernel.shape.suffix(kernel.role.channelAxes).reduce(1, *)
      let channels = (0..<count).filter { channel in
        stride(from: kernel.range.lowerBound + channel, to: kernel.range.upperBound, by: count)
          .allSatisfy { unsafe parameters.weights.pointer[$0] == 0 }
      }
      guard !channels.isEmpty else { return nil }
      return MaskedChannels(segments: [kernel] + biases, channels: channels, count: count)
    }
  }

  /// Sets the masked channels' elements of a flat array to zero.
  func clear(_ values: Storage<Float>) {
    for segment in segments {
      for start in stride(from: segment.range.lowerBound, to: segment.range.upperBound, by: count) {
        for channel in channels { unsafe values.pointer[start + channel] = 0 }
      }
    }
  }
}
