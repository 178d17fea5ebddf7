private import Dispatch
private import Foundation

/// Cleans up before SIGINT, SIGTERM or SIGHUP ends the process, until it is cancelled.
final class InterruptionGuard {
  private let sources: [any DispatchSourceSignal]
  private static let signals = [SIGINT, SIGTERM, SIGHUP]

  init(_ cleanUp: @escaping @Sendable () -> Void) {
    sources = Self.signals.map { number in
      // The source only sees a signal that doesn't end the process by itself.
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler {
        cleanUp()
        signal(number, SIG_DFL)
        raise(number)
      }
      source.resume()
      return source
    }
  }

  /// Gives the signals their usual effect again.
  func cancel() {
    for source in sources { source.cancel() }
    for number in Self.signals { signal(number, SIG_DFL) }
  }
}
