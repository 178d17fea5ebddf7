internal import Synchronization

/// Counts the images done by all threads and reports the total.
final class ProgressCounter: Sendable {
  private let done = Mutex(0)
  private let handler: ProgressHandler?

  init(_ handler: ProgressHandler?) { self.handler = handler }

  func add(_ images: Int) {
    guard let handler else { return }
    let total = done.withLock {
      $0 += images
      return $0
    }
    handler(total)
  }
}
