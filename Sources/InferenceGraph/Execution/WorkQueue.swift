internal import Dispatch
internal import Synchronization

private struct WorkQueueState {
  var next = 0
  var failure: (piece: Int, error: any Error)?
}

/// Runs numbered pieces of work on several threads, as many as ``MemoryError/runLimit`` allows.
///
/// Every thread creates its own state with `prepare`, then takes pieces until none is left or one
/// fails. Throws the error of the failed piece with the lowest number.
///
/// - Parameters:
///   - options: The number of threads, and the cancellation checked between pieces.
///   - memory: The bytes of each thread's state.
/// - Throws: ``MemoryError`` if the memory is not available; `CancellationError`; the errors of
///   `body`.
package func runInParallel<State>(
  pieces: Int, options: ExecutionOptions, memory: Int, prepare: @Sendable () -> State,
  body: @Sendable (inout State, Int) throws -> Void
) throws {
  let allowed = memory > 0 ? MemoryError.runLimit / memory : options.threads
  let threads = max(1, min(options.threads, pieces, allowed))
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
