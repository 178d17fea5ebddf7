internal import InferenceGraph
/// All memory that grows with the batch, in one block.
///
/// Users reserve their parts before it is allocated, so that its size is known beforehand.
///
/// `@unchecked Sendable` because it changes only while one thread builds the phases. Later, the
/// threads of a phase write to different blocks of values or to different slots.
@safe final class BatchMemory: @unchecked Sendable {
  /// The first float; not valid before ``allocate(slots:)``.
  private(set) var pointer: UnsafeMutablePointer<Float>
  private var storage: Storage<Float>
  private var size = 0
  private var scratchSize = 0

  init() {
    storage = Storage(count: 0)
    unsafe pointer = storage.pointer
  }

  /// Reserves floats, initially zero, and returns the position of the first.
  func reserve(_ count: Int) -> Int {
    defer { size += BatchMemory.rounded(count) }
    return size
  }

  /// Reserves scratch floats in each slot, whose contents do not persist between pieces of work.
  func reserveScratch(_ count: Int) {
    scratchSize = max(scratchSize, BatchMemory.rounded(count))
  }

  /// Returns the number of bytes reserved.
  func bytes(slots: Int) -> Int { (size + scratchSize * slots) * MemoryLayout<Float>.size }

  /// Allocates the memory. Called once, before anything runs.
  func allocate(slots: Int) {
    storage = Storage(count: size + scratchSize * slots)
    unsafe pointer = storage.pointer
  }

  /// Returns the scratch memory of a slot.
  func scratch(_ slot: Int) -> UnsafeMutablePointer<Float> {
    unsafe pointer + size + slot * scratchSize
  }

  /// Returns the next multiple of the floats in a cache line.
  private static func rounded(_ count: Int) -> Int { (count + 15) / 16 * 16 }
}
