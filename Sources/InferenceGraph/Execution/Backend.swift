internal import CKernels

/// An engine that runs graphs.
///
/// ``CPU`` is one. Another is a type that conforms to these three protocols: ``Executor`` and
/// ``ChannelSweep`` do all with it that they do with the CPU. Graphs come to it through the passes
/// (``Normalized``, ``Merged``, ``Fused``); images and results go by blocks (``BlockValue``).
protocol Backend: Sendable {
  /// Prepares what does not depend on the images.
  ///
  /// - Parameters:
  ///   - graph: What to compute.
  ///   - blocks: The most blocks of images that are run together.
  func prepare(_ graph: Fused, blocks: Int) -> any PreparedGraph
}

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

/// One thread's memory for a group of images.
protocol GroupMemory: AnyObject {
  /// Computes the graph for the first `blocks` blocks.
  ///
  /// - Parameter fill: Puts the given values of a block in place, in ``value(of:block:)``; called
  ///   once for each block.
  func run(blocks: Int, fill: (_ block: Int) throws -> Void) rethrows

  /// Where the value of a node of the graph is, which is given or kept.
  ///
  /// A kept value holds until the next run. Given images (``Fused/Given``) may share their place
  /// among blocks, in which they are only while `fill` is called.
  func value(of node: Int, block: Int) -> BlockValue

  /// The lanes, as bits, in which any of the checks found a value that is not finite.
  ///
  /// - Parameter checks: Positions in the graph's ``Fused/checked``.
  func brokenLanes(_ checks: [Int], block: Int) -> UInt32
}

/// A value for a block of images: one in each lane of a vector.
///
/// Valid as long as the memory that it belongs to.
@safe struct BlockValue {
  /// The first element.
  let pointer: UnsafeMutablePointer<Float>
  /// Extents and pitches.
  let image: dk_image

  /// The number of elements of an image.
  var elementCount: Int { Int(image.height) * Int(image.width) * Int(image.channels) }
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

/// The most memory that a thread may take: real classifiers stay under half of it.
private let maximumBytes = 2 << 30
