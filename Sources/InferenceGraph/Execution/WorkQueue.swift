internal import Dispatch
internal import Synchronization

private struct WorkQueueState {
  var next = 0
  var failure: (piece: Int, error: any Error)?
}

/// Runs numbered pieces of work on several threads.
///
/// Every thread makes a state of its own with `prepare`, then takes the next piece until none is
/// left or one fails; the error of the first piece that failed is thrown.
///
/// - Parameters:
///   - options: The number of threads, and what may stop the work between two pieces.
///   - memory: The bytes of a thread's state.
/// - Throws: ``MemoryError`` if there is not so much; `CancellationError`; what `body` throws.
func runInParallel<State>(
  pieces: Int, options: ExecutionOptions, memory: Int, prepare: @Sendable () -> State,
  body: @Sendable (inout State, Int) throws -> Void
) throws {
  let threads = max(1, min(options.threads, pieces))
  try MemoryError.check(bytes: memory, threads: threads)
  let shared = Mutex(WorkQueueState())
  DispatchQueue.concurrentPerform(iterations: threads) { _ in
    var state = prepare()
    while true {
      let piece: Int? = shared.withLock { shared in
        guard shared.failure == nil, shared.next < pieces else { return nil }
        defer { shared.next += 1 }
        return shared.next
      }
      guard let piece else { return }
      do {
        try options.cancellation?.check()
        try body(&state, piece)
      } catch {
        shared.withLock { shared in
          if shared.failure.map({ piece < $0.piece }) ?? true {
            shared.failure = (piece, error)
          }
        }
      }
    }
  }
  if let failure = shared.withLock({ $0.failure }) { throw failure.error }
}
