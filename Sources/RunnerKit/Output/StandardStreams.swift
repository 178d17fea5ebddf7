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
    let code = writeAll(Array(text.utf8), to: STDOUT_FILENO)
    if code == EPIPE { throw Failure(128 + SIGPIPE, nil) }
    if code != 0 {
      throw Failure(
        Failure.ioError,
        "standard output cannot be written: \(errorText(code)); make room or write elsewhere")
    }
  }
}

/// Standard error; what cannot be written there has nowhere else to go.
enum StandardError {
  static func write(_ text: String) { _ = writeAll(Array(text.utf8), to: STDERR_FILENO) }

  /// Whether somebody is watching.
  static var isTerminal: Bool { isatty(STDERR_FILENO) == 1 }
}

/// Writes all bytes; returns 0 or the error's number.
private func writeAll(_ bytes: [UInt8], to descriptor: Int32) -> Int32 {
  var done = 0
  while done < bytes.count {
    // The C function takes a pointer; it reads within the array's bounds and keeps nothing.
    let count = unsafe bytes.withUnsafeBytes {
      unsafe Foundation.write(descriptor, $0.baseAddress.map { unsafe $0 + done }, $0.count - done)
    }
    if count < 0 {
      if errno == EINTR { continue }
      return errno
    }
    done += count
  }
  return 0
}

/// The system's words for an error number.
func errorText(_ code: Int32) -> String {
  // `strerror` returns a pointer into storage that lives at least until the next call.
  unsafe strerror(code).map { unsafe String(cString: $0) } ?? "error \(code)"
}
