/// The memory in which one thread computes a group of images.
protocol GroupMemory: AnyObject {
  /// Computes the graph for the first `blocks` blocks.
  ///
  /// - Parameter fill: Writes the inputs of a block to ``value(of:block:)``; called once for each
  ///   block.
  func run(blocks: Int, fill: (_ block: Int) throws -> Void) rethrows

  /// Returns the value of a node that is an input or an output of the graph.
  ///
  /// An output is valid until the next run. Input images (``Fused/Given``) may share memory between
  /// blocks and are valid only while `fill` is called.
  func value(of node: Int, block: Int) -> BlockValue

  /// Returns, as a bit mask, the lanes in which any of the checks found a value that is not finite.
  ///
  /// - Parameter checks: Positions in the graph's ``Fused/checked``.
  func brokenLanes(_ checks: [Int], block: Int) -> UInt32
}
