internal import InferenceGraph
/// The weights of a graph and their gradient as flat arrays, each weight tensor a segment.
final class Parameters: Sendable {
  /// One weight tensor.
  struct Segment: Sendable {
    /// Its node in the graph.
    let node: Int
    let role: WeightRole
    /// As in the graph.
    let shape: [Int]
    /// Where it lies in the flat arrays; starts are multiples of 16.
    let range: Range<Int>
    /// Whether its node is to be trained and has a part in the graph's output.
    let isOfTrainedNode: Bool

    /// Whether it follows a gradient; moving statistics don't, nor what has no part in the output.
    var isTrained: Bool { isOfTrainedNode && role.isTrained }
    /// Whether weight decay acts on it.
    var decays: Bool { role.isKernel }
  }

  /// All weight tensors, in the graph's order.
  let segments: [Segment]
  /// The weights; what lies between segments is zero.
  let weights: Storage<Float>
  /// The gradient of the last batch; zero for what is not trained, for masked channels, and between
  /// segments.
  let gradient: Storage<Float>

  /// Takes the weights of a graph.
  ///
  /// - Parameters:
  ///   - graph: The graph.
  ///   - trained: The nodes whose weights follow a gradient; nil: all.
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

  /// Returns the graph with these weights in it.
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

/// The channels of a layer that are masked: their slices of the kernel are all zero.
///
/// Training leaves such slices, and the channels' biases, as they are.
struct MaskedChannels: Sendable {
  /// The layer's weights that belong to single channels, each with channels as its last axis.
  private let segments: [Parameters.Segment]
  private let channels: [Int]
  /// The number of all channels.
  private let count: Int

  /// Finds the masked channels of all layers.
  static func all(in parameters: Parameters) -> [MaskedChannels] {
    let byNode = Dictionary(grouping: parameters.segments, by: \.node)
    return byNode.keys.sorted().compactMap { node in
      let segments = byNode[node]!
      // A separable convolution's channels are those of its second part.
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

  /// Sets the masked channels' part of a flat array to zero.
  func clear(_ values: Storage<Float>) {
    for segment in segments {
      for start in stride(from: segment.range.lowerBound, to: segment.range.upperBound, by: count) {
        for channel in channels { unsafe values.pointer[start + channel] = 0 }
      }
    }
  }
}
