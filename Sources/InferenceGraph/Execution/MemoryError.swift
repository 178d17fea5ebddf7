#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// A need for more memory than the system can provide now.
public struct MemoryError: DescribedError, Hashable {
  /// The file or layer that the memory is for; nil for a run.
  public let subject: ErrorSubject?
  /// The number of bytes needed.
  public let bytes: Int
  /// What the memory is for, a phrase that begins with a verb: "running on 2 threads".
  public let purpose: String
  /// What to do.
  public let remedies: [Remedy]

  /// Creates an error.
  ///
  /// - Parameters:
  ///   - bytes: The number of bytes needed.
  ///   - purpose: What the memory is for, a phrase that begins with a verb: "reading its images".
  ///   - subject: The file or layer that the memory is for.
  ///   - remedies: What to do, besides raising the system's limit.
  public init(
    bytes: Int, for purpose: String, about subject: ErrorSubject? = nil, remedies: [Remedy] = []
  ) {
    self.subject = subject
    self.bytes = bytes
    self.purpose = purpose
    self.remedies = remedies + [.advice("raise the memory limit (ulimit -v)")]
  }

  /// The purpose and the number of MiB.
  public var problem: String {
    "\(purpose) takes about \(bytes >> 20) MiB of memory, more than the system provides"
  }

  /// The bytes that OpenBLAS allocates for each thread that calls it. It retries forever if they
  /// are refused.
  package static let openBLASBuffer = 128 << 20

  /// The bytes that the C library reserves when a thread first allocates memory.
  package static let threadHeap = 64 << 20

  /// The bytes that the threads of a run may take together.
  package static let runLimit = 3 << 30

  /// Throws if the system cannot provide this much memory now to each of the threads of a run.
  ///
  /// - Parameter bytes: The bytes for each thread.
  package static func check(bytes: Int, threads: Int) throws(MemoryError) {
    let all = bytes * threads
    guard !isAvailable(all) else { return }
    throw MemoryError(
      bytes: all, for: "running on \(threads) thread\(threads == 1 ? "" : "s")",
      remedies: threads == 1 ? [] : [.lower("threads")])
  }

  /// Whether the system can provide this much memory now.
  ///
  /// Swift arrays end the process if an allocation fails.
  package static func isAvailable(_ bytes: Int) -> Bool {
    // Mapped and unmapped at once, without touching a page.
    let place = unsafe mmap(
      nil, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard unsafe place != MAP_FAILED else { return false }
    _ = unsafe munmap(place, bytes)
    return true
  }
}
