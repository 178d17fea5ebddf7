/// The receiver of a run's progress and warnings; several threads may call it.
public protocol ProgressSink: Sendable {
  /// Called when a phase over `images` images begins.
  func began(_ title: String, images: Int)
  /// Called when `done` images of the phase are finished.
  func advanced(to done: Int)
  /// Called when the phase ends, whether or not it succeeded.
  func ended()
  /// Called with a warning for the user; the run continues.
  func warned(_ message: String)
}

/// A sink that ignores progress and warnings; ``RunStatistics`` still collects the warnings.
public struct SilentProgress: ProgressSink {
  /// Creates the sink.
  public init() {}
  /// Does nothing.
  public func began(_ title: String, images: Int) {}
  /// Does nothing.
  public func advanced(to done: Int) {}
  /// Does nothing.
  public func ended() {}
  /// Does nothing.
  public func warned(_ message: String) {}
}
