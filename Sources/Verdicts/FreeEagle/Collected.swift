import Synchronization

/// Numbers that several threads write to their own positions.
final class Collected: Sendable {
  private let storage: Mutex<[Float]>

  init(count: Int) { storage = Mutex(Array(repeating: .nan, count: count)) }

  func set(_ values: [Float], at start: Int) {
    storage.withLock { $0.replaceSubrange(start..<start + values.count, with: values) }
  }

  var values: [Float] { storage.withLock { $0 } }
}
