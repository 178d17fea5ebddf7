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
    /// The descriptor that leads to the launcher.
    var connection: Int32?
    /// Whether it cannot be started here.
    var isMissing = false
    var posture: Sandbox.Posture?
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
      guard state.connection == nil else { return }
      let connection = dk_launcher_fork()
      if connection >= 0 { state.connection = connection }
    }
  }

  /// Starts a sealed process for an open file; nil where the system or the program does not allow it.
  ///
  /// - Throws: ``LaunchFailure`` if there is no room for one: a process or descriptor too many.
  func open(file: Int32) throws(LaunchFailure) -> (process: pid_t, channel: Int32)? {
    try state.withLock { state throws(LaunchFailure) in
      // A launcher that somebody has ended is replaced once.
      for _ in 0..<2 where !state.isMissing {
        if state.connection == nil {
          let connection = dk_launcher_spawn()
          if connection < 0 {
            try LaunchFailure.check(errno)
            break
          }
          state.connection = connection
        }
        guard let connection = state.connection else { break }
        var process: pid_t = 0
        let channel = unsafe dk_launcher_open(connection, file, &process)
        if channel >= 0 { return (process, channel) }
        try LaunchFailure.check(errno)
        _ = close(connection)
        state.connection = nil
      }
      state.isMissing = true
      return nil
    }
  }

  /// Ends a sealed process and returns the signal that ended it, 0 if it ended by itself.
  @discardableResult func end(_ process: pid_t) -> Int32 {
    state.withLock { state in
      guard let connection = state.connection else { return 0 }
      return dk_status_signal(dk_launcher_end(connection, process))
    }
  }
}

/// A sealed process that could be started, were there room for it.
struct LaunchFailure: Error {
  /// The system's error number.
  let code: Int32

  /// The reason in words.
  var reason: String {
    code == EAGAIN ? "too little memory, or too many processes" : InputFile.reason(code)
  }

  /// Throws if an error number is about room: then a file must not be read unsealed instead.
  static func check(_ code: Int32) throws(LaunchFailure) {
    if [EMFILE, ENFILE, ENOMEM, EAGAIN, ENOBUFS].contains(code) { throw LaunchFailure(code: code) }
  }
}
