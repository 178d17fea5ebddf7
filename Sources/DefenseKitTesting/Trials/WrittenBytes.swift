internal import Foundation

/// Counts the bytes that the current thread writes to any file or stream.
enum WrittenBytes {
  /// Whether the system counts written bytes: Linux does, for each thread.
  static var areCounted: Bool { soFar != nil }

  /// The bytes that this thread has passed to `write` and similar calls since it started; nil if
  /// the system does not count them.
  private static var soFar: Int? {
    #if os(Linux)
      let text = try? String(contentsOfFile: "/proc/thread-self/io", encoding: .utf8)
      let line = text?.split(separator: "\n").first { $0.hasPrefix("wchar: ") }
      return line.flatMap { Int($0.dropFirst("wchar: ".count)) }
    #else
      return nil
    #endif
  }

  /// Runs work and returns the number of bytes that it wrote on this thread, and the number of
  /// printed bytes left in buffers; 0 if the system does not count them.
  ///
  /// The buffers are flushed before and after. They also hold what other threads print meanwhile.
  static func count(_ body: () throws -> Void) rethrows -> (written: Int, buffered: Int) {
    // nil flushes all streams.
    fflush(nil)
    let before = soFar ?? 0
    try body()
    let written = (soFar ?? 0) - before
    fflush(nil)
    return (written, (soFar ?? 0) - before - written)
  }
}
