internal import InferenceGraph
/// All memory that grows with a batch, in one piece, made when everybody has asked for a part: so it
/// is known beforehand how much it takes.
///
/// It is `@unchecked Sendable` because it changes only while one thread builds what runs in it. Later
/// the threads of a phase write into different blocks of values, or different slots.
@safe final class BatchMemory: @unchecked Sendable {
  /// The first float; there are none before ``allocate(slots:)``.
  private(set) var pointer: UnsafeMutablePointer<Float>
  private var storage: Storage<Float>
  private var size = 0
  private var scratchSize = 0

  init() {
    storage = Storage(count: 0)
    unsafe pointer = storage.pointer
  }

  /// Asks for so many floats, zero at first; returns where they begin.
  func reserve(_ count: Int) -> Int {
    defer { size += BatchMemory.rounded(count) }
    return size
  }

  /// Asks for so many floats a slot that are nobody's between two pieces of work.
  func reserveScratch(_ count: Int) {
    scratchSize = max(scratchSize, BatchMemory.rounded(count))
  }

  /// The bytes that have been asked for.
  func bytes(slots: Int) -> Int { (size + scratchSize * slots) * MemoryLayout<Float>.size }

  /// Makes the memory, once, before anything runs.
  func allocate(slots: Int) {
    storage = Storage(count: size + scratchSize * slots)
    unsafe pointer = storage.pointer
  }

  /// What work on a slot's blocks may use.
  func scratch(_ slot: Int) -> UnsafeMutablePointer<Float> {
    unsafe pointer + size + slot * scratchSize
  }

  /// The next multiple of a cache line's floats.
  private static func rounded(_ count: Int) -> Int { (count + 15) / 16 * 16 }
}
