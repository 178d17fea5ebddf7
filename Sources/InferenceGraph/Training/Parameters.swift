/// The weights of a graph and their gradient as flat arrays, each weight tensor a segment.
final class Parameters: Sendable {
  /// What a weight tensor is to its layer.
  enum Role: String, Sendable {
    case kernel, depthwiseKernel, pointwiseKernel, bias, gamma, beta, movingMean, movingVariance
  }

  /// One weight tensor.
  struct Segment: Sendable {
    /// Its node in the graph.
    let node: Int
    let role: Role
    /// As in the graph.
    let shape: [Int]
    /// Where it lies in the flat arrays; starts are multiples of 16.
    let range: Range<Int>
    /// Whether its node has a part in the graph's output.
    let reachesOutput: Bool

    /// Whether it follows a gradient; moving statistics don't, nor what has no part in the output.
    var isTrained: Bool { reachesOutput && role != .movingMean && role != .movingVariance }
    /// Whether weight decay acts on it.
    var decays: Bool { role == .kernel || role == .depthwiseKernel || role == .pointwiseKernel }
  }

  /// All weight tensors, in the graph's order.
  let segments: [Segment]
  /// The weights; what lies between segments is zero.
  let weights: Storage<Float>
  /// The gradient of the last batch; zero for what is not trained, for masked channels, and between
  /// segments.
  let gradient: Storage<Float>

  /// Takes the weights of a graph.
  init(_ graph: Graph) {
    var segments: [Segment] = []
    var values: [(Int, [Float])] = []
    var end = 0
    let reaching = graph.reachingOutput
    for (index, node) in graph.nodes.enumerated() {
      for (role, tensor) in node.operation.roles {
        segments.append(
          Segment(
            node: index, role: role, shape: tensor.shape, range: end..<end + tensor.count,
            reachesOutput: reaching[index]))
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
    for segment in segments {
      let values = segment.range.map { unsafe weights.pointer[$0] }
      result.nodes[segment.node].operation.set(
        segment.role, Tensor(shape: segment.shape, values: values))
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
      guard
        let kernel = segments.first(where: { $0.role == .pointwiseKernel })
          ?? segments.first(where: { $0.decays })
      else { return nil }
      let biases = segments.filter { $0.role == .bias }
      let count =
        kernel.role == .depthwiseKernel
        ? kernel.shape[2] * kernel.shape[3] : kernel.shape[kernel.shape.count - 1]
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

extension Operation {
  /// The weight tensors with what they are.
  fileprivate var roles: [(Parameters.Role, Tensor)] {
    func some(_ role: Parameters.Role, _ tensor: Tensor?) -> [(Parameters.Role, Tensor)] {
      tensor.map { [(role, $0)] } ?? []
    }
    return switch self {
    case .convolution(let c): [(.kernel, c.kernel)] + some(.bias, c.bias)
    case .depthwiseConvolution(let c): [(.depthwiseKernel, c.kernel)] + some(.bias, c.bias)
    case .separableConvolution(let c):
      [(.depthwiseKernel, c.depthwise.kernel), (.pointwiseKernel, c.pointwise)]
        + some(.bias, c.bias)
    case .dense(let d): [(.kernel, d.kernel)] + some(.bias, d.bias)
    case .batchNormalization(let b):
      some(.gamma, b.gamma) + some(.beta, b.beta)
        + [(.movingMean, b.mean), (.movingVariance, b.variance)]
    default: []
    }
  }

  fileprivate mutating func set(_ role: Parameters.Role, _ tensor: Tensor) {
    switch self {
    case .convolution(var c):
      if role == .bias { c.bias = tensor } else { c.kernel = tensor }
      self = .convolution(c)
    case .depthwiseConvolution(var c):
      if role == .bias { c.bias = tensor } else { c.kernel = tensor }
      self = .depthwiseConvolution(c)
    case .separableConvolution(var c):
      switch role {
      case .bias: c.bias = tensor
      case .pointwiseKernel: c.pointwise = tensor
      default: c.depthwise.kernel = tensor
      }
      self = .separableConvolution(c)
    case .dense(var d):
      if role == .bias { d.bias = tensor } else { d.kernel = tensor }
      self = .dense(d)
    case .batchNormalization(var b):
      switch role {
      case .gamma: b.gamma = tensor
      case .beta: b.beta = tensor
      case .movingMean: b.mean = tensor
      default: b.variance = tensor
      }
      self = .batchNormalization(b)
    default: preconditionFailure("it has no weights")
    }
  }
}
