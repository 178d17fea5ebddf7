internal import DefenseKit
private import Foundation

/// Standard output with checked writes.
///
/// `print` ignores write errors, for example on a full disk.
enum StandardOutput {
  /// Writes the whole text.
  ///
  /// - Throws: ``Failure`` with status 74, or with status 141 (as in a shell) and no message if the
  ///   reader has closed the pipe.
  static func write(_ text: String) throws(Failure) {
    do throws(SystemError) {
      try Descriptor.write(Array(text.utf8), to: STDOUT_FILENO)
      // Some file systems report write errors only when a file is closed.
      let copy = dup(STDOUT_FILENO)
      if copy >= 0 { try Descriptor.close(copy) }
    } catch {
      if error.code == EPIPE { throw Failure(128 + SIGPIPE, nil) }
      let reason = error.code == EBADF ? "it is closed" : errorText(error.code)
      throw Failure(
        Failure.ioError,
        "standard output cannot be written: \(reason); make room or write elsewhere")
    }
  }
}
