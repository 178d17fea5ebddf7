internal import Foundation
internal import Synchronization

/// A run that did not end in time.
struct DeadlinePassed: Error {}

/// Runs work on a thread of its own and waits for it, but not for ever.
///
/// A thread cannot be stopped from outside: one that never ends stays until the process does.
///
/// - Throws: ``DeadlinePassed``; what `body` throws.
func onOwnThread<Result: Sendable>(
  deadline: Duration, _ body: @escaping @Sendable () throws -> Result
) throws -> Result {
  let run = OwnRun<Result>()
  let thread = Thread {
    run.end(with: Swift.Result { try body() })
  }
  thread.name = "plugin"
  // As much as the main thread has: what is deep in recursion there must not fail here.
  thread.stackSize = 8 << 20
  thread.start()
  return try run.result(within: deadline)
}

private final class OwnRun<Value: Sendable>: Sendable {
  private let outcome = Mutex<Result<Value, any Error>?>(nil)
  private let isOver = DispatchSemaphore(value: 0)

  func end(with result: Result<Value, any Error>) {
    outcome.withLock { $0 = result }
    isOver.signal()
  }

  func result(within deadline: Duration) throws -> Value {
    let seconds = deadline / .seconds(1)
    guard isOver.wait(timeout: .now() + seconds) == .success,
      let result = outcome.withLock({ $0 })
    else { throw DeadlinePassed() }
    return try result.get()
  }
}
