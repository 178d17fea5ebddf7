internal import InferenceGraph
internal import CKernels

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
