internal import InferenceGraph
internal import CKernels

/// A value or its gradient for all blocks of a batch.
///
/// Images are stored block after block, each with its border; vectors (shapes of rank 1) as a
/// matrix [elements, lanes of all blocks] for OpenBLAS.
struct BatchValue: Sendable {
  let memory: BatchMemory
  /// The position of its part of the memory.
  let start: Int
  let view: BufferView

  var image: dk_image { view.image }

  /// Returns the first element of a block.
  func at(_ block: Int) -> UnsafeMutablePointer<Float> {
    unsafe memory.pointer + start + view.offset + block * view.blockStride
  }

  func channels(_ range: Range<Int>) -> BatchValue {
    BatchValue(memory: memory, start: start, view: view.channels(range))
  }
}
