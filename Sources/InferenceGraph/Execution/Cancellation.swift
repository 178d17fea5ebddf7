internal import Synchronization

/// A way to stop work that goes on in another thread.
///
/// Who started the work keeps it and calls ``cancel()``. The executor, sweeps and the training look at
/// it after every group of images and then throw `CancellationError`.
public final class Cancellation: Sendable, Hashable {
  private let state = Atomic(false)

  /// Creates one that does not stop anything yet.
  public init() {}

  /// Stops the work at the next opportunity; there is no way back.
  public func cancel() { state.store(true, ordering: .relaxed) }

  /// Whether the work is to stop.
  public var isCancelled: Bool { state.load(ordering: .relaxed) }

  /// Returns if the work may go on.
  ///
  /// - Throws: `CancellationError` if it is to stop.
  public func check() throws(CancellationError) {
    if isCancelled { throw CancellationError() }
  }

  /// Whether both are one and the same.
  public static func == (a: Cancellation, b: Cancellation) -> Bool { a === b }

  /// Hashes the identity.
  public func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}
