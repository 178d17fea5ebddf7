internal import Foundation
internal import Synchronization

/// A run did not end before its deadline.
struct DeadlinePassed: Error {}

/// Runs work on its own thread and waits for it until a deadline.
///
/// A thread cannot be stopped from outside: an endless one stays until the process ends.
///
/// - Throws: ``DeadlinePassed``; the errors of `body`.
func onOwnThread<Result: Sendable>(
  deadline: Duration, _ body: @escaping @Sendable () throws -> Result
) throws -> Result {
  let run = OwnRun<Result>()
  let thread = Thread {
    run.end(with: Swift.Result { try body() })
  }
  thread.name = "plugin"
  // As large as the main thread's stack, so that deep recursion works here too.
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
