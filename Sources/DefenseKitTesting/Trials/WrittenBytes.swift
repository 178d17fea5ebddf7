internal import Foundation

/// Counts what the current thread writes, wherever to.
enum WrittenBytes {
  /// Whether the system counts: Linux does, for each thread.
  static var areCounted: Bool { soFar != nil }

  /// The bytes that this thread has handed to `write` and its kin in its life; nil if the system does
  /// not say.
  private static var soFar: Int? {
    #if os(Linux)
      let text = try? String(contentsOfFile: "/proc/thread-self/io", encoding: .utf8)
      let line = text?.split(separator: "\n").first { $0.hasPrefix("wchar: ") }
      return line.flatMap { Int($0.dropFirst("wchar: ".count)) }
    #else
      return nil
    #endif
  }

  /// Runs work and returns how many bytes it wrote on this thread, and how many of what was printed were
  /// in buffers then; 0 if the system does not say.
  ///
  /// The buffers are emptied before and after. What other threads print meanwhile is in them too.
  static func count(_ body: () throws -> Void) rethrows -> (written: Int, buffered: Int) {
    // nil means all streams.
    fflush(nil)
    let before = soFar ?? 0
    try body()
    let written = (soFar ?? 0) - before
    fflush(nil)
    return (written, (soFar ?? 0) - before - written)
  }
}
