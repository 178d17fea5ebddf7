internal import DefenseKit
private import Foundation

/// Handles the signals that ask a program to end.
enum EndingSignals {
  /// Makes SIGINT, SIGTERM and SIGHUP remove temporary files before they end the process.
  ///
  /// The exit status shows the signal. A second signal ends the process at once. Call this before
  /// there are other threads, because only later threads inherit the blocked signals.
  static func handle() {
    var signals = sigset_t()
    unsafe sigemptyset(&signals)
    // An ignored signal (under nohup, for instance) stays ignored.
    for number in [SIGINT, SIGTERM, SIGHUP] where !isIgnored(number) {
      unsafe sigaddset(&signals, number)
    }
    unsafe pthread_sigmask(SIG_BLOCK, &signals, nil)
    let waitedFor = signals
    Thread.detachNewThread {
      var signals = waitedFor
      var number: Int32 = 0
      guard unsafe sigwait(&signals, &number) == 0 else { return }
      // The next signal reaches this thread and ends the process directly.
      unsafe pthread_sigmask(SIG_UNBLOCK, &signals, nil)
      AtomicFile.removeTemporaries { end(by: number) }
    }
  }

  /// Ends the process so that its parent sees this signal as the reason.
  static func end(by number: Int32) -> Never {
    signal(number, SIG_DFL)
    var signals = sigset_t()
    unsafe sigemptyset(&signals)
    unsafe sigaddset(&signals, number)
    unsafe pthread_sigmask(SIG_UNBLOCK, &signals, nil)
    kill(getpid(), number)
    // The first process of a container is not ended by its own signals.
    _exit(128 + number)
  }

  private static func isIgnored(_ number: Int32) -> Bool {
    // The only query sets another handler; this runs before other threads exist.
    let before = signal(number, SIG_DFL)
    let isIgnored =
      unsafe unsafeBitCast(before, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
    if isIgnored { signal(number, SIG_IGN) }
    return isIgnored
  }
}
