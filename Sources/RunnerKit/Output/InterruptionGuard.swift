private import Dispatch
private import Foundation
private import Synchronization

/// Cleans up before SIGINT, SIGTERM or SIGHUP ends the process, until it is cancelled.
final class InterruptionGuard {
  private let sources: [any DispatchSourceSignal]
  private static let signals = [SIGINT, SIGTERM, SIGHUP]

  /// Whether what was made is in its place. Held while it is put there and while it is cleaned up,
  /// so that the one never works on what the other has half done.
  private final class State: Sendable {
    let isInPlace = Mutex(false)
  }

  private let state = State()

  init(_ cleanUp: @escaping @Sendable () -> Void) {
    let state = state
    sources = Self.signals.map { number in
      // The source only sees a signal that doesn't end the process by itself.
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler {
        state.isInPlace.withLock { isInPlace in
          if !isInPlace { cleanUp() }
          signal(number, SIG_DFL)
          raise(number)
        }
      }
      source.resume()
      return source
    }
  }

  /// Puts what was made in its place; a signal waits until that is done, and then cleans nothing up.
  func finish(_ putInPlace: () throws -> Void) rethrows {
    try state.isInPlace.withLock { isInPlace in
      try putInPlace()
      isInPlace = true
    }
  }

  /// Gives the signals their usual effect again.
  func cancel() {
    for source in sources { source.cancel() }
    for number in Self.signals { signal(number, SIG_DFL) }
  }
}
