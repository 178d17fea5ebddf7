#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// The error for a sealed process that could not be started.
struct LaunchFailure: Error {
  /// The system's error number.
  let code: Int32

  /// The reason as text for messages.
  var reason: String {
    code == EAGAIN ? "too little memory, or too many processes" : InputFile.reason(code)
  }
}
