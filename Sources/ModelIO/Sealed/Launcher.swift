import CSystem
import Synchronization

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// The program's one connection to the process that starts sealed processes.
final class Launcher: Sendable {
  static let shared = Launcher()

  private struct State {
    /// The descriptor that leads to the launcher, and its number.
    var connection: (descriptor: Int32, process: pid_t)?
    /// Whether there has ever been one: then there can be one here.
    var hasWorked = false
    /// Whether there can be none here.
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

  /// The least posture so far.
  var posture: Sandbox.Posture? { state.withLock { $0.posture } }

  func record(_ posture: Sandbox.Posture) {
    state.withLock { $0.posture = min($0.posture ?? posture, posture) }
  }

  /// Starts the launcher as a copy of this process, if there is none.
  func fork() {
    state.withLock { state in
      // Where that cannot be done it is started otherwise when it is needed.
      if state.connection == nil { _ = unsafe state.connect { unsafe dk_launcher_fork($0) } }
    }
  }

  /// Ends the launcher and all sealed processes.
  func end() { state.withLock { $0.disconnect() } }

  /// Starts a sealed process for an open file; nil where the system or the program does not allow it.
  ///
  /// - Throws: ``LaunchFailure`` if it is allowed and yet cannot be done, for want of memory or of
  ///   descriptors, say: then the file must not be read unsealed instead.
  func open(file: Int32) throws(LaunchFailure) -> (process: pid_t, channel: Int32)? {
    try state.withLock { state throws(LaunchFailure) in
      if state.isMissing { return nil }
      // A launcher that somebody has ended is replaced once.
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
        // Any other reason than that it is gone is the launcher's answer.
        if errno != EPIPE { throw LaunchFailure(code: errno) }
        state.disconnect()
      }
      throw LaunchFailure(code: EAGAIN)
    }
  }

  /// Ends a sealed process and returns the signal that ended it, 0 if it ended by itself; nil if the
  /// launcher does not know.
  func end(_ process: pid_t) -> Int32? {
    state.withLock { state in
      guard let connection = state.connection?.descriptor else { return nil }
      let status = dk_launcher_end(connection, process)
      return status < 0 ? nil : dk_status_signal(status)
    }
  }
}
