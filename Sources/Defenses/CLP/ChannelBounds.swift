internal import DefenseKit

/// Lipschitz bounds of the channels of a network's layers.
struct ChannelBounds {
  private let graph: Graph
  /// Called before each channel; throws to cancel the work.
  private let check: () throws -> Void
  private var norms: [Int: [Double]] = [:]
  private var sums: [Int: [Double]] = [:]

  init(_ graph: Graph, check: @escaping () throws -> Void = {}) {
    self.graph = graph
    self.check = check
  }

  /// Returns the spectral norm sigma of every channel of a convolution.
  ///
  /// - Throws: The errors of `check`.
  mutating func norms(of index: Int) throws -> [Double] {
    if let known = norms[index] { return known }
    let node = graph.nodes[index]
    let result = try (0..<node.channels).map { channel in
      try check()
      return node.operation.matrix(ofChannel: channel)?.spectralNorm ?? 0
    }
    norms[index] = result
    return result
  }

  /// Returns a Lipschitz bound of every channel of a sum: the sum of the operands' bounds.
  ///
  /// A convolution's channel with n taps has the bound sqrt(n) * sigma: at every frequency it
  /// multiplies the input channels by W e, where e holds n numbers of magnitude 1. An operand that
  /// is a sum has that sum's bound. Any other operand passes its channels on as they are and has a
  /// bound of 1.
  ///
  /// - Returns: Nil if an operand is broadcast along an axis, because its bound would then not
  ///   hold.
  /// - Throws: The errors of `check`.
  mutating func sumBounds(of index: Int) throws -> [Double]? {
    // In the graph's order, so that the bounds of sums among the operands are known.
    for node in graph.nodes.indices.prefix(through: index)
    where graph.nodes[node].operation == .add && sums[node] == nil {
      sums[node] = try added(operandsOf: node)
    }
    return sums[index]
  }

  private mutating func added(operandsOf index: Int) throws -> [Double]? {
    let node = graph.nodes[index]
    var total = Array(repeating: 0.0, count: node.channels)
    for input in node.inputs {
      guard graph.nodes[input].shape == node.shape, let bounds = try bounds(ofOperand: input)
      else { return nil }
      for channel in total.indices { total[channel] += bounds[channel] }
    }
    return total
  }

  private mutating func bounds(ofOperand start: Int) throws -> [Double]? {
    var index = start
    while graph.nodes[index].isIdentity { index = graph.nodes[index].inputs[0] }
    let node = graph.nodes[index]
    if node.activation == .linear {
      if node.operation == .add { return sums[index] }
      if let taps = node.operation.tapCount {
        return try norms(of: index).map { $0 * Double(taps).squareRoot() }
      }
    }
    return Array(repeating: 1, count: node.channels)
  }
}

extension BatchNormalization {
  /// Returns the factor of a channel, |gamma| / sqrt(variance + epsilon), with missing gamma as 1.
  func factor(ofChannel channel: Int) -> Double {
    abs(Double(gamma?.values[channel] ?? 1))
      / (Double(variance.values[channel]) + Double(epsilon)).squareRoot()
  }
}
