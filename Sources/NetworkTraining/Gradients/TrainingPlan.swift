internal import InferenceGraph
internal import Dispatch
internal import Synchronization

/// Runs pieces of work that cannot fail on several threads; each thread takes the next piece when
/// free.
func runPieces(_ count: Int, threads: Int, _ body: @Sendable (Int) -> Void) {
  let threads = min(threads, count)
  guard threads > 1 else {
    for piece in 0..<count { body(piece) }
    return
  }
  let next = Atomic(0)
  DispatchQueue.concurrentPerform(iterations: threads) { _ in
    while true {
      let piece = next.wrappingAdd(1, ordering: .relaxed).oldValue
      guard piece < count else { return }
      body(piece)
    }
  }
}
