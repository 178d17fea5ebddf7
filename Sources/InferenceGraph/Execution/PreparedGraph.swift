/// A graph prepared by a backend.
protocol PreparedGraph: Sendable {
  /// The graph to compute.
  var graph: Fused { get }
  /// The largest number of blocks of images to run together: a group.
  var blocks: Int { get }
  /// The bytes of memory that each thread needs.
  var bytes: Int { get }
  /// Allocates the memory for one thread.
  func makeMemory() -> any GroupMemory
}

extension PreparedGraph {
  /// Throws if one thread alone needs more than a run may take, naming the graph's largest layer. A few bytes in a
  /// file can declare an image of any size.
  func checkSize(of graph: Graph) throws(GraphError) {
    guard bytes > MemoryError.runLimit else { return }
    let largest = graph.nodes.max { $0.elementCount < $1.elementCount }
    throw GraphError(
      node: largest?.name ?? "",
      "running \(blocks * laneCount) images takes \(bytes >> 20) MiB, more than the "
        + "\(MemoryError.runLimit >> 20) MiB that a run may take", kind: .tooLarge)
  }
}
