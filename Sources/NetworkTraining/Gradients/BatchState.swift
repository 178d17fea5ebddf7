internal import InferenceGraph

/// The current batch. `@unchecked Sendable` because it changes only between phases.
final class BatchState: @unchecked Sendable {
  /// The number of images in the batch.
  var images = 0
  /// The seed of this step's noise.
  var seed: UInt64 = 0
  var smoothing: Float = 0
  /// The weight of each image in the loss.
  var weight: Float = 1
  /// Whether the step updates moving statistics by the batch's.
  var updatesStatistics = true

  /// The number of blocks that hold images.
  var blocks: Int { blockCount(images) }
  /// Returns the number of images in a block.
  func lanes(_ block: Int) -> Int32 { Int32(Swift.min(laneCount, images - block * laneCount)) }
}
