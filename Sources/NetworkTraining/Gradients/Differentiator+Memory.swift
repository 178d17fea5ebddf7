internal import InferenceGraph
extension Differentiator {
  /// Throws if a graph's output is not one score a class.
  static func checkOutput(of graph: Graph) throws(GraphError) {
    let output = graph.nodes[graph.output]
    guard output.elementCount == output.channels else {
      throw GraphError(
        node: output.name,
        "its result of shape \(output.shape) is not one score a class, so that there is no loss to train with"
      )
    }
  }

  /// The indices of nodes with a part in the output, by name.
  static func nodes(_ names: [String], of graph: Graph) throws(GraphError) -> [Int] {
    let reaching = graph.reachingOutput
    return try names.map { (name) throws(GraphError) in
      guard let index = graph.index(of: name), reaching[index] else {
        throw GraphError(node: name, "the model has no such layer with a part in its output")
      }
      return index
    }
  }

  /// Throws if there is not so much memory for each weight, beside what OpenBLAS takes when the
  /// first batch runs.
  func checkMemory(bytesPerWeight: Int) throws(GraphError) {
    try Self.check(
      bytes: parameters.weights.count * bytesPerWeight,
      openBLAS: usesOpenBLAS ? options.threads : 0, "so many weights", in: model.graph)
  }

  /// Throws if so much memory is not to be had.
  ///
  /// - Parameters:
  ///   - bytes: What is about to be allocated.
  ///   - openBLAS: The threads in which OpenBLAS will want a buffer.
  ///   - purpose: What takes the memory.
  ///   - graph: Its largest layer is named.
  static func check(
    bytes: Int, openBLAS: Int = 0, _ purpose: String, in graph: Graph
  ) throws(GraphError) {
    let all = bytes + openBLAS * (MemoryError.openBLASBuffer + MemoryError.threadHeap)
    do {
      guard all < 1 << 40 else { throw MemoryError(bytes: all, threads: 1) }
      try MemoryError.check(bytes: all)
    } catch {
      let largest = graph.nodes.max { $0.elementCount < $1.elementCount }
      throw GraphError(
        node: largest?.name ?? "",
        "training with \(purpose) takes about \(all >> 20) MiB, which the system does not give; use "
          + "a smaller batch or fewer threads, or raise the limit (ulimit -v)", lacksMemory: true)
    }
  }
}

extension Graph {
  /// What a training's weights take at most: themselves, their gradient, and convolutions' packed for
  /// both directions, with Winograd's 16 for 9.
  var trainedBytes: Int {
    nodes.reduce(0) { sum, node in
      let weights = node.operation.weights.reduce(0) { $0 + ($1.count + 15) / 16 * 16 }
      let isVectors = if case .dense = node.operation { node.shape.count == 1 } else { false }
      return sum + weights * (isVectors ? 2 : 6) * MemoryLayout<Float>.size
    }
  }
}

extension TrainingGraph {
  /// What the nodes' values take at least, frames left out; 2^40 if it is more.
  func valueBytes(blocks: Int) -> Int {
    let elements = nodes.reduce(0) { $0 + $1.shape.reduce(1, *) } * laneCount
    let bytes = 4 * Double(elements) * Double(blocks)
    return bytes < 0x1p40 ? Int(bytes) : 1 << 40
  }

  /// Whether there are matrix products.
  var usesOpenBLAS: Bool {
    nodes.contains { if case .dense = $0.operation { $0.shape.count == 1 } else { false } }
  }
}
