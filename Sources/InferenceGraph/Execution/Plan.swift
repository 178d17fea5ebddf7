/// A list of steps that computes what was asked for, and the memory it takes.
///
/// Layers on images run block after block, each block through all of them while it is in the
/// cache. Behind the last spatial layer ("the tail"), dense layers run over all blocks of a group.
struct Plan: Sendable {
  /// What runs next.
  enum Segment: Sendable {
    /// These steps, one block after the other.
    case perBlock([any Step])
    /// A dense layer, for all blocks at once.
    case group(any GroupStep)
  }

  /// The most memory that a thread's workspace may take: real classifiers stay under half of it.
  static let maximumBytes = 2 << 30

  /// The size of every buffer of a workspace, in floats.
  let bufferSizes: [Int]
  let segments: [Segment]
  /// Blocks in a group.
  let blocks: Int
  /// Where the values that are not computed must be put, by entry.
  let given: [Int: Place]
  /// Where the values asked for are found, by entry.
  let results: [Int: Place]
  /// Which check looks at a value that a layer with weights reads, by entry.
  let checks: [Int: Int]
  /// The number of checks.
  let checkCount: Int

  /// The bytes of a workspace, which is what a thread takes to run the plan.
  var workspaceSize: Int { bufferSizes.reduce(0) { $0 + $1 * MemoryLayout<Float>.size } }

  /// Throws if a workspace is too large, naming a graph's largest layer: a few bytes in a file can
  /// ask for any size of image.
  func checkSize(of graph: Graph) throws(GraphError) {
    let bytes = workspaceSize
    guard bytes > Plan.maximumBytes else { return }
    let largest = graph.nodes.max { $0.elementCount < $1.elementCount }
    throw GraphError(
      node: largest?.name ?? "",
      "running \(blocks * laneCount) images takes \(bytes >> 20) MiB, more than the "
        + "\(Plan.maximumBytes >> 20) MiB that a thread may take", isTooLarge: true)
  }

  func makeWorkspace() -> Workspace {
    Workspace(sizes: bufferSizes, checks: checkCount, blocks: blocks)
  }

  /// Runs all steps for the first `blocks` blocks of a group.
  ///
  /// - Parameter fill: Puts the given values of a block in place; called before its first step.
  func run(_ workspace: Workspace, blocks: Int, fill: (Int) throws -> Void) rethrows {
    var isFirst = true
    for segment in segments {
      switch segment {
      case .perBlock(let steps):
        for block in 0..<blocks {
          if isFirst { try fill(block) }
          for step in steps { step.run(workspace, block: block) }
        }
      case .group(let step): step.run(workspace)
      }
      isFirst = false
    }
  }
}
