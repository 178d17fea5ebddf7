/// A list of steps that computes a graph, and the memory it takes.
///
/// Layers on images run block after block, each block through all of them while it is in the
/// cache. Behind the last spatial layer ("the tail"), dense layers run over all blocks of a group.
struct Plan: PreparedGraph {
  /// What runs next.
  enum Segment: Sendable {
    /// These steps, one block after the other.
    case perBlock([any Step])
    /// A dense layer, for all blocks at once.
    case group(any GroupStep)
  }

  let graph: Fused
  let layout: BufferLayout
  let segments: [Segment]

  /// Plans the steps of a graph that is laid out.
  init(_ graph: Fused, _ layout: BufferLayout) {
    self.graph = graph
    self.layout = layout
    var emission = Emission(graph, layout)
    segments = emission.segments()
  }

  var blocks: Int { layout.blocks }

  var bytes: Int { layout.bufferSizes.reduce(0) { $0 + $1 * MemoryLayout<Float>.size } }

  func makeMemory() -> any GroupMemory { Workspace(self) }
}
