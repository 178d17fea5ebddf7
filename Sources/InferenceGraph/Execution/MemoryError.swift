#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// A run for which the system gives too little memory.
public struct MemoryError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The bytes that were asked for.
  public let bytes: Int
  /// The threads that they are for.
  public let threads: Int

  package init(bytes: Int, threads: Int) {
    self.bytes = bytes
    self.threads = threads
  }

  /// The whole message.
  public var description: String {
    "running on \(threads) thread\(threads == 1 ? "" : "s") takes about \(bytes >> 20) MiB of memory, "
      + "which the system does not give; use fewer threads or raise the limit (ulimit -v)"
  }

  /// What OpenBLAS takes for itself, for each thread that calls it; where it is refused, it asks again
  /// for ever.
  package static let openBLASBuffer = 128 << 20

  /// What the C library reserves when a thread allocates memory for the first time.
  package static let threadHeap = 64 << 20

  /// Throws if so much memory is not to be had now.
  ///
  /// Swift's arrays end the process where it is refused.
  ///
  /// - Parameter bytes: What a thread takes.
  package static func check(bytes: Int, threads: Int = 1) throws(MemoryError) {
    let all = bytes * threads
    // Asked for and given back: nothing is touched.
    let place = unsafe mmap(
      nil, all, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard unsafe place != MAP_FAILED else { throw MemoryError(bytes: all, threads: threads) }
    _ = unsafe munmap(place, all)
  }
}
