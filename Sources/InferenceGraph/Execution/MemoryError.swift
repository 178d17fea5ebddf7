#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// A run that needs more memory than the system provides.
public struct MemoryError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The number of bytes requested.
  public let bytes: Int
  /// The number of threads that the bytes are for.
  public let threads: Int

  package init(bytes: Int, threads: Int) {
    self.bytes = bytes
    self.threads = threads
  }

  /// The message, with advice.
  public var description: String {
    "running on \(threads) thread\(threads == 1 ? "" : "s") takes about \(bytes >> 20) MiB of memory, "
      + "which the system does not give; use fewer threads or raise the limit (ulimit -v)"
  }

  /// The bytes that OpenBLAS allocates for each thread that calls it. It retries forever if they
  /// are refused.
  package static let openBLASBuffer = 128 << 20

  /// The bytes that the C library reserves when a thread first allocates memory.
  package static let threadHeap = 64 << 20

  /// Throws if the system cannot provide this much memory now.
  ///
  /// Swift arrays end the process if an allocation fails.
  ///
  /// - Parameter bytes: The bytes for each thread.
  package static func check(bytes: Int, threads: Int = 1) throws(MemoryError) {
    let all = bytes * threads
    // Mapped and unmapped at once, without touching a page.
    let place = unsafe mmap(
      nil, all, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard unsafe place != MAP_FAILED else { throw MemoryError(bytes: all, threads: threads) }
    _ = unsafe munmap(place, all)
  }
}
