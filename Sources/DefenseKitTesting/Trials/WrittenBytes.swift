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

  /// Runs work and returns how many bytes it wrote on this thread; 0 if the system does not say.
  ///
  /// What is printed stays in a buffer for the time being; the buffers are emptied before and after, so
  /// that it counts. What other threads print meanwhile counts too, then.
  static func count(_ body: () throws -> Void) rethrows -> Int {
    // nil means all streams.
    fflush(nil)
    let before = soFar ?? 0
    try body()
    fflush(nil)
    return (soFar ?? 0) - before
  }
}
