/// The steps that compute a graph, and the memory that they need.
///
/// Layers on images run block after block: each block passes all of them while it is in the cache.
/// In the dense tail after the last spatial layer, dense layers run over all blocks of a group.
struct Plan: PreparedGraph {
  /// Consecutive steps that run in the same way.
  enum Segment: Sendable {
    /// Steps that run together for one block after another.
    case perBlock([any Step])
    /// A step that runs once for all blocks.
    case group(any GroupStep)
  }

  let graph: Fused
  let layout: BufferLayout
  let segments: [Segment]

  /// Emits the steps of a graph with its buffer layout.
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
