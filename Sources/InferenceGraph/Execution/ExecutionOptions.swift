internal import Foundation

/// Options of a run that do not change its results.
public struct ExecutionOptions: Sendable, Hashable {
  /// The number of threads, at least 1; by default the number of active processors.
  public var threads: Int

  /// Whether models that run together share equal layers.
  ///
  /// Disable it only for checks and measurements.
  public var sharing: Bool

  /// Cancels the run when set, with `CancellationError`.
  public var cancellation: Cancellation?

  /// The number of blocks in a group; nil chooses by the size of the images. For tests.
  var groupBlocks: Int?

  /// Creates options.
  public init(threads: Int? = nil, sharing: Bool = true, cancellation: Cancellation? = nil) {
    self.threads = max(1, threads ?? ProcessInfo.processInfo.activeProcessorCount)
    self.sharing = sharing
    self.cancellation = cancellation
  }
}
