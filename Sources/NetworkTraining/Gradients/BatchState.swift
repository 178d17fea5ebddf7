internal import InferenceGraph

/// The batch that is being run. It is `@unchecked Sendable` since it changes between phases alone.
final class BatchState: @unchecked Sendable {
  /// Images in the batch.
  var images = 0
  /// Decides the noise of this step.
  var seed: UInt64 = 0
  var smoothing: Float = 0
  /// The weight of every image in the loss whose gradient is computed.
  var weight: Float = 1
  /// Whether moving statistics follow the batch's.
  var updatesStatistics = true

  /// Blocks that hold images.
  var blocks: Int { blockCount(images) }
  /// Images in a block.
  func lanes(_ block: Int) -> Int32 { Int32(Swift.min(laneCount, images - block * laneCount)) }
}
