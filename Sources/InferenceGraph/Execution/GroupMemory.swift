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
