/// A node of the intermediate representation: an operation without a name.
///
/// Passes rewrite lists of such nodes, in topological order: ``Normalized``, then ``Merged``, then
/// ``Fused``, which a backend runs.
package struct IRNode: Sendable {
  package var operation: Graph.Operation
  /// Applied to the operation's result.
  package var activation: Activation = .linear
  /// The indices of the nodes that it reads, all smaller than its own.
  package var inputs: [Int]
  /// The shape of the result, without the batch axis.
  package var shape: [Int]
  /// The factor applied to the images, for input nodes.
  var inputScale: Float = 1
  /// Masked channels, which are zero in place of the operation's result.
  var zeroed: [Int] = []
}

extension [IRNode] {
  /// Returns, for each node, whether one of `results` depends on it. The search stops at nodes in
  /// `inputs`.
  package func isNeeded(for results: some Sequence<Int>, inputs: Set<Int> = []) -> [Bool] {
    var isNeeded = [Bool](repeating: false, count: count)
    for index in results { isNeeded[index] = true }
    for index in indices.reversed() where isNeeded[index] && !inputs.contains(index) {
      for input in self[index].inputs { isNeeded[input] = true }
    }
    return isNeeded
  }

  /// Returns a node's multiply-adds for one image.
  func multiplyAdds(of index: Int) -> Int {
    guard let first = self[index].inputs.first else { return 0 }
    return self[index].operation.multiplyAdds(input: self[first].shape, output: self[index].shape)
  }

  /// One line for each node: index, operation with inputs, epilogue, shape.
  var text: String {
    indices.map { index in
      let node = self[index]
      var parts = node.operation.text(reading: node.inputs)
      if node.inputScale != 1 { parts += " times \(node.inputScale)" }
      if node.activation != .linear { parts += ", \(node.activation.text)" }
      if !node.zeroed.isEmpty { parts += ", channels \(node.zeroed) zero" }
      return "\(index): \(parts) -> \(node.shape)"
    }.joined(separator: "\n")
  }
}

extension Graph.Operation {
  /// Returns the operation's name with the nodes that it reads.
  func text(reading inputs: [Int]) -> String {
    inputs.isEmpty
      ? displayName : "\(displayName)(\(inputs.map { "\($0)" }.joined(separator: ", ")))"
  }
}

extension Activation {
  /// The name, with parameters unless it is the plain rectifier.
  var text: String { self == .relu ? "relu" : "\(self)" }
}
