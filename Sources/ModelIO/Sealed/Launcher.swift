import CSystem
import Synchronization

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// The program's only connection to the launcher, the process that starts sealed processes.
final class Launcher: Sendable {
  static let shared = Launcher()

  private struct State {
    /// The descriptor of the connection, and the launcher's process identifier.
    var connection: (descriptor: Int32, process: pid_t)?
    /// Whether a sealed process was ever started; a later failure is then temporary.
    var hasWorked = false
    /// Whether this system or program cannot have a launcher.
    var isMissing = false
    var posture: Sandbox.Posture?

    mutating func connect(_ start: (UnsafeMutablePointer<pid_t>) -> Int32) -> Bool {
      var process: pid_t = 0
      let descriptor = unsafe start(&process)
      guard descriptor >= 0 else { return false }
      connection = (descriptor, process)
      return true
    }

    mutating func disconnect() {
      guard let (descriptor, process) = connection else { return }
      dk_launcher_close(descriptor, process)
      connection = nil
    }
  }

  private let state = Mutex(State())

  private init() {}

  /// The lowest posture recorded so far.
  var posture: Sandbox.Posture? { state.withLock { $0.posture } }

  func record(_ posture: Sandbox.Posture) {
    state.withLock { $0.posture = min($0.posture ?? posture, posture) }
  }

  /// Starts the launcher as a copy of this process, unless there is one.
  func fork() {
    state.withLock { state in
      // If this fails, `open(file:)` starts it in another way.
      if state.connection == nil { _ = unsafe state.connect { unsafe dk_launcher_fork($0) } }
    }
  }

  /// Ends the launcher, and with it all sealed processes.
  func end() { state.withLock { $0.disconnect() } }

  /// Starts a sealed process for an open file; nil if the system or the program does not support
  /// it.
  ///
  /// - Throws: ``LaunchFailure`` if it is supported but fails, for example because memory or
  ///   descriptors run out. The file must not be read unsealed in that case.
  func open(file: Int32) throws(LaunchFailure) -> (process: pid_t, channel: Int32)? {
    try state.withLock { state throws(LaunchFailure) in
      if state.isMissing { return nil }
      // A launcher that was killed is replaced once.
      for attempt in 0..<2 {
        if state.connection == nil, !(unsafe state.connect { unsafe dk_launcher_spawn($0) }) {
          guard errno == ENOSYS, !state.hasWorked, attempt == 0 else {
            throw LaunchFailure(code: errno)
          }
          state.isMissing = true
          return nil
        }
        guard let connection = state.connection?.descriptor else { break }
        var process: pid_t = 0
        let channel = unsafe dk_launcher_open(connection, file, &process)
        if channel >= 0 {
          state.hasWorked = true
          return (process, channel)
        }
        // EPIPE means that the launcher is gone; every other error is its answer.
        if errno != EPIPE { throw LaunchFailure(code: errno) }
        state.disconnect()
      }
      throw LaunchFailure(code: EAGAIN)
    }
  }

  /// Ends a sealed process; returns the signal that ended it, or 0 if it exited; nil if the
  /// launcher does not know it.
  func end(_ process: pid_t) -> Int32? {
    state.withLock { state in
      guard let connection = state.connection?.descriptor else { return nil }
      let status = dk_launcher_end(connection, process)
      return status < 0 ? nil : dk_status_signal(status)
    }
  }
}
