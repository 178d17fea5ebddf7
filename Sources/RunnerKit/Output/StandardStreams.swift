internal import DefenseKit
private import Foundation

/// The three standard streams of the process.
enum StandardStreams {
  /// Opens closed streams on `/dev/null`, with an access mode that makes reading or writing fail.
  ///
  /// Otherwise the next opened file would get a stream's number, and with it the stream's output.
  static func occupy() {
    for descriptor in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO]
    where fcntl(descriptor, F_GETFD) < 0 {
      // `open` returns the lowest free number, which is this one. The access mode is reversed on
      // purpose.
      _ = unsafe open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY)
    }
  }
}

/// Returns the system's description of an error number.
func errorText(_ code: Int32) -> String {
  // `strerror` returns a pointer into storage that lives at least until the next call.
  unsafe strerror(code).map { unsafe String(cString: $0) } ?? "error \(code)"
}
