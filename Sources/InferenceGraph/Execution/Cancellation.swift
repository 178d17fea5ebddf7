internal import Synchronization

/// A flag that stops work on another thread.
///
/// The caller that starts the work keeps it and calls ``cancel()``. The executor, sweeps and
/// training check it after every group of images and then throw `CancellationError`.
public final class Cancellation: Sendable, Hashable {
  private let state = Atomic(false)

  /// Creates a flag that is not set.
  public init() {}

  /// Stops the work at its next check. Cannot be undone.
  public func cancel() { state.store(true, ordering: .relaxed) }

  /// Whether ``cancel()`` was called.
  public var isCancelled: Bool { state.load(ordering: .relaxed) }

  /// Returns unless the work is cancelled.
  ///
  /// - Throws: `CancellationError` if it is.
  public func check() throws(CancellationError) {
    if isCancelled { throw CancellationError() }
  }

  /// Whether both are the same instance.
  public static func == (a: Cancellation, b: Cancellation) -> Bool { a === b }

  /// Hashes the instance's identity.
  public func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}
