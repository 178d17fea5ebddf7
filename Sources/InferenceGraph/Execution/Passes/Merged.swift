/// The nodes of several graphs; equal nodes occur once.
///
/// Two nodes are equal if their operations (weights included), activations and inputs are equal by
/// comparison (``EqualNodes``).
///
/// A convolution with masked channels becomes a copy of the unmasked one with zeroed channels, if
/// the list contains that one; the same holds for activations and poolings of it
/// (``IRNode/zeroed``).
struct Merged: Sendable, CustomStringConvertible {
  /// In topological order.
  private(set) var nodes: [IRNode] = []
  /// `index[model][node]`: the node with the value of a graph's node.
  private(set) var index: [[Int]] = []
  /// By model: the node of its class scores (``Normalized/scores``).
  private(set) var scores: [Int] = []

  /// Merges graphs. Without `sharing`, every node stays separate.
  init(_ graphs: [Normalized], sharing: Bool = true) {
    var equals: EqualNodes? = sharing ? EqualNodes() : nil
    for graph in graphs {
      var moved: [Int] = []
      for var node in graph.nodes {
        node.inputs = node.inputs.map { moved[$0] }
        moved.append(insert(node, &equals))
      }
      index.append(graph.index.map { moved[$0] })
      scores.append(moved[graph.scores])
    }
  }

  var description: String { nodes.text }

  /// Returns the index of an equal node, or appends the node and returns its index.
  private mutating func insert(_ node: IRNode, _ equals: inout EqualNodes?) -> Int {
    if let input = node.inputs.first, node.inputs.count == 1, node.keepsZeroChannels,
      !nodes[input].zeroed.isEmpty
    {
      // Applies the operation to the unmasked value and masks the result.
      var whole = node
      whole.inputs = nodes[input].inputs
      return insert(zeroing(nodes[input].zeroed, of: insert(whole, &equals)), &equals)
    }
    let candidates = equals?.candidates(node.operation, reading: node.inputs) ?? []
    if let equal = candidates.first(where: { nodes[$0].isEqual(to: node) }) { return equal }
    if node.activation.keepsZeroChannels {
      for candidate in candidates where nodes[candidate].activation == node.activation {
        if let channels = node.operation.maskedChannels(of: nodes[candidate].operation) {
          return insert(zeroing(channels, of: candidate), &equals)
        }
      }
    }
    equals?.note(nodes.count, node.operation, reading: node.inputs)
    nodes.append(node)
    return nodes.count - 1
  }

  private func zeroing(_ channels: [Int], of index: Int) -> IRNode {
    IRNode(operation: .activation, inputs: [index], shape: nodes[index].shape, zeroed: channels)
  }
}

extension IRNode {
  /// Whether the node computes the same as `other`, given equal inputs.
  fileprivate func isEqual(to other: IRNode) -> Bool {
    shape == other.shape && inputScale == other.inputScale && activation == other.activation
      && zeroed == other.zeroed && operation == other.operation
  }

  /// Whether the node maps channels of zeros to zeros and does not mix channels.
  fileprivate var keepsZeroChannels: Bool {
    operation.keepsChannelsApart && operation.keepsZeros && zeroed.isEmpty
      && activation.keepsZeroChannels
  }
}

extension Activation {
  fileprivate var keepsZeroChannels: Bool { self == .linear || self == .relu }
}

extension Graph.Operation {
  /// Returns the channels in which this convolution's kernel and bias are zero; nil if it differs
  /// from `original` in any other channel.
  func maskedChannels(of original: Graph.Operation) -> [Int]? {
    guard case .convolution(let masked) = self, case .convolution(var whole) = original,
      masked.kernel.shape == whole.kernel.shape
    else { return nil }
    let filters = masked.kernel.shape[3]
    var isZero = masked.bias?.values.map { $0 == 0 } ?? Array(repeating: true, count: filters)
    for (index, weight) in masked.kernel.values.enumerated() where weight != 0 {
      isZero[index % filters] = false
    }
    let channels = isZero.indices.filter { isZero[$0] }
    whole.kernel = whole.kernel.zeroing(channels, axis: 3)
    whole.bias = whole.bias?.zeroing(channels, axis: 0)
    return whole == masked && !channels.isEmpty ? channels : nil
  }
}
