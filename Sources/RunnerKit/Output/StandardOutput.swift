internal import DefenseKit
private import Foundation

/// Standard output, written so that nothing is lost unnoticed.
///
/// `print` ends well on a full disk, with the text lost, so that its result cannot be trusted.
enum StandardOutput {
  /// Writes the whole text.
  ///
  /// - Throws: ``Failure`` with status 74, or 141 (as a shell reports it) and without a message if
  ///   the reader has closed the pipe.
  static func write(_ text: String) throws(Failure) {
    do throws(SystemError) {
      try Descriptor.write(Array(text.utf8), to: STDOUT_FILENO)
      // Some file systems say only when a file is closed that they could not write it.
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
