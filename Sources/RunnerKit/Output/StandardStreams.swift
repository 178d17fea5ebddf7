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

/// Standard error; what cannot be written there has nowhere else to go.
enum StandardError {
  static func write(_ text: String) {
    try? Descriptor.write(Array(text.utf8), to: STDERR_FILENO)
  }

  /// Whether somebody is watching.
  static var isTerminal: Bool { isatty(STDERR_FILENO) == 1 }

  /// The columns of the terminal; 80 if it does not say.
  static var width: Int {
    var size = winsize()
    guard unsafe ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else {
      return 80
    }
    return Int(size.ws_col)
  }
}

/// The three streams that every program is started with.
enum StandardStreams {
  /// Occupies those that are closed; else the next file opened would get their number, and with it
  /// the messages meant for them. Reading and writing them fails as before.
  static func occupy() {
    for descriptor in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO]
    where fcntl(descriptor, F_GETFD) < 0 {
      // The lowest free number is this one, as those below are taken. Opened the wrong way round.
      _ = unsafe open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY)
    }
  }
}

/// The system's words for an error number.
func errorText(_ code: Int32) -> String {
  // `strerror` returns a pointer into storage that lives at least until the next call.
  unsafe strerror(code).map { unsafe String(cString: $0) } ?? "error \(code)"
}
