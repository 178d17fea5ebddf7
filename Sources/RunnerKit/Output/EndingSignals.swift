internal import DefenseKit
private import Foundation

/// The signals that ask a program to end.
enum EndingSignals {
  /// From now on, SIGINT, SIGTERM and SIGHUP remove what is under a temporary name and then end the
  /// process, which is seen to end by that signal; the second one ends it at once.
  ///
  /// To be called before there are other threads, which take over that these signals wait.
  static func handle() {
    var signals = sigset_t()
    unsafe sigemptyset(&signals)
    // One that is ignored (by nohup, for instance) stays ignored.
    for number in [SIGINT, SIGTERM, SIGHUP] where !isIgnored(number) {
      unsafe sigaddset(&signals, number)
    }
    unsafe pthread_sigmask(SIG_BLOCK, &signals, nil)
    let waitedFor = signals
    Thread.detachNewThread {
      var signals = waitedFor
      var number: Int32 = 0
      guard unsafe sigwait(&signals, &number) == 0 else { return }
      // The next one finds this thread, and nothing between it and the process's end.
      unsafe pthread_sigmask(SIG_UNBLOCK, &signals, nil)
      AtomicFile.removeTemporaries { end(by: number) }
    }
  }

  /// Ends the process such that whoever waits for it sees this signal as the reason.
  static func end(by number: Int32) -> Never {
    signal(number, SIG_DFL)
    var signals = sigset_t()
    unsafe sigemptyset(&signals)
    unsafe sigaddset(&signals, number)
    unsafe pthread_sigmask(SIG_UNBLOCK, &signals, nil)
    kill(getpid(), number)
    // The first process of a container does not end by its own signals.
    _exit(128 + number)
  }

  private static func isIgnored(_ number: Int32) -> Bool {
    // Only the way to ask is to set another one, for a moment in which nothing else runs yet.
    let before = signal(number, SIG_DFL)
    let isIgnored =
      unsafe unsafeBitCast(before, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
    if isIgnored { signal(number, SIG_IGN) }
    return isIgnored
  }
}
