internal import CKernels
internal import Dispatch
internal import Synchronization

/// A value, or the slopes of one, for all blocks of a batch.
///
/// Images lie block after block, each with its frame; vectors (shapes of rank 1) as a matrix
/// [elements, lanes of all blocks], which OpenBLAS multiplies.
struct BatchValue: Sendable {
  let memory: BatchMemory
  /// Where its part of the memory begins.
  let start: Int
  let place: Place

  var image: dk_image { place.image }

  /// The first element in a block.
  func at(_ block: Int) -> UnsafeMutablePointer<Float> {
    unsafe memory.pointer + start + place.offset + block * place.blockStride
  }

  func channels(_ range: Range<Int>) -> BatchValue {
    BatchValue(memory: memory, start: start, place: place.channels(range))
  }
}

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

/// What is done between two moments at which all threads wait for each other.
///
/// Neither the pieces nor what they add up depends on the number of threads.
enum TrainingPhase: Sendable {
  /// Work on single blocks, in order. Blocks that share a slot run one after another, so that they
  /// can add to the slot's memory.
  case blocks([@Sendable (_ block: Int, _ slot: Int) -> Void])
  /// Independent pieces.
  case pieces(Int, @Sendable (Int) -> Void)
}

/// Runs pieces of work that cannot fail on several threads; each is taken by the next free one.
func runPieces(_ count: Int, threads: Int, _ body: @Sendable (Int) -> Void) {
  let threads = min(threads, count)
  guard threads > 1 else {
    for piece in 0..<count { body(piece) }
    return
  }
  let next = Atomic(0)
  DispatchQueue.concurrentPerform(iterations: threads) { _ in
    while true {
      let piece = next.wrappingAdd(1, ordering: .relaxed).oldValue
      guard piece < count else { return }
      body(piece)
    }
  }
}
