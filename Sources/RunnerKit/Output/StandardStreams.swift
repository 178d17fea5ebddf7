internal import DefenseKit
private import Foundation

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
