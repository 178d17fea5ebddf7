internal import InferenceGraph
extension Backpropagation {
  /// Throws unless a graph's output is one score for each class.
  static func checkOutput(of graph: Graph) throws(GraphError) {
    let output = graph.nodes[graph.output]
    guard output.elementCount == output.channels else {
      throw GraphError(
        node: output.name,
        "its result of shape \(output.shape) is not one score for each class, so "
          + "there is no loss to train with"
      )
    }
  }

  /// Returns the indices of the named nodes; throws if the output does not depend on one of them.
  static func nodes(_ names: [String], of graph: Graph) throws(GraphError) -> [Int] {
    let reaching = graph.reachingOutput
    return try names.map { (name) throws(GraphError) in
      guard let index = graph.index(of: name), reaching[index] else {
        throw GraphError(node: name, "the model has no such layer that its output depends on")
      }
      return index
    }
  }

  /// Throws if the memory for each weight is not available, besides OpenBLAS's buffers, which the
  /// first batch allocates.
  func checkMemory(bytesPerWeight: Int) throws(MemoryError) {
    try Self.check(
      bytes: parameters.weights.count * bytesPerWeight,
      openBLAS: usesOpenBLAS ? options.threads : 0, "this many weights", in: model.graph)
  }

  /// Throws if the memory is not available.
  ///
  /// - Parameters:
  ///   - bytes: The bytes to allocate.
  ///   - openBLAS: The number of threads in which OpenBLAS will allocate a buffer.
  ///   - purpose: The use of the memory, for the message.
  ///   - graph: The graph whose largest layer the message names.
  static func check(
    bytes: Int, openBLAS: Int = 0, _ purpose: String, in graph: Graph
  ) throws(MemoryError) {
    let all = bytes + openBLAS * (MemoryError.openBLASBuffer + MemoryError.threadHeap)
    guard all >= 1 << 40 || !MemoryError.isAvailable(all) else { return }
    let largest = graph.nodes.max { $0.elementCount < $1.elementCount }
    throw MemoryError(
      bytes: all, for: "training with \(purpose)", about: largest.map { .layer($0.name) },
      remedies: [.lower("batchSize"), .lower("threads")])
  }
}

extension Graph {
  /// The most bytes that a training's weights take: weights, gradient, and convolutions' weights
  /// packed for both directions (Winograd: 16 elements for 9).
  var trainedBytes: Int {
    nodes.reduce(0) { sum, node in
      let weights = node.operation.weights.reduce(0) { $0 + ($1.count + 15) / 16 * 16 }
      let isVectors = if case .dense = node.operation { node.shape.count == 1 } else { false }
      return sum + weights * (isVectors ? 2 : 6) * MemoryLayout<Float>.size
    }
  }
}

extension TrainingGraph {
  /// Returns the least bytes that the nodes' values take, without borders; at most 2^40.
  func valueBytes(blocks: Int) -> Int {
    let elements = nodes.reduce(0) { $0 + $1.shape.reduce(1, *) } * laneCount
    let bytes = 4 * Double(elements) * Double(blocks)
    return bytes < 0x1p40 ? Int(bytes) : 1 << 40
  }

  /// Whether the graph has matrix products on vectors.
  var usesOpenBLAS: Bool {
    nodes.contains { if case .dense = $0.operation { $0.shape.count == 1 } else { false } }
  }
}
