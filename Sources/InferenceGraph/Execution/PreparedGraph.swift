/// A graph as an engine runs it.
protocol PreparedGraph: Sendable {
  /// What it computes.
  var graph: Fused { get }
  /// The most blocks of images that are run together: a group.
  var blocks: Int { get }
  /// The bytes that a thread takes to run it.
  var bytes: Int { get }
  /// Makes the memory in which a thread runs it.
  func makeMemory() -> any GroupMemory
}

extension PreparedGraph {
  /// Throws if a thread's memory is too large, naming a graph's largest layer: a few bytes in a file
  /// can ask for any size of image.
  func checkSize(of graph: Graph) throws(GraphError) {
    guard bytes > maximumBytes else { return }
    let largest = graph.nodes.max { $0.elementCount < $1.elementCount }
    throw GraphError(
      node: largest?.name ?? "",
      "running \(blocks * laneCount) images takes \(bytes >> 20) MiB, more than the "
        + "\(maximumBytes >> 20) MiB that a thread may take", isTooLarge: true)
  }
}
