/// Where a run's progress goes; called from several threads.
public protocol ProgressSink: Sendable {
  /// A phase began; at its end `images` will be done.
  func began(_ title: String, images: Int)
  /// So many images of the phase are done.
  func advanced(to done: Int)
  /// The phase is over.
  func ended()
  /// The user should know this; the run goes on.
  func warned(_ message: String)
}

/// A sink that drops everything; warnings stay in the run's statistics.
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
