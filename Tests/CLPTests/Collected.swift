import Synchronization

/// Values gathered from the executor's threads.
final class Collected: Sendable {
  private let values = Mutex<[Float]>([])

  func add(_ more: [Float]) { values.withLock { $0 += more } }

  var all: [Float] { values.withLock { $0 } }
}
