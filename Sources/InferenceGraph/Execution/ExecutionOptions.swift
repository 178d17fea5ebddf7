internal import Foundation

/// How work is run; no option changes a result.
public struct ExecutionOptions: Sendable, Hashable {
  /// The number of threads; by default as many as the machine has processors.
  public var threads: Int

  /// Whether models that run together share what they have in common.
  ///
  /// Switching it off is for checks and measurements.
  public var sharing: Bool

  /// Stops the work with `CancellationError` when somebody asks for it; nil: nobody will.
  public var cancellation: Cancellation?

  /// Blocks in a group; nil: as many as suit the images' size. Tests force each number.
  var groupBlocks: Int?

  /// Creates options.
  public init(threads: Int? = nil, sharing: Bool = true, cancellation: Cancellation? = nil) {
    self.threads = max(1, threads ?? ProcessInfo.processInfo.activeProcessorCount)
    self.sharing = sharing
    self.cancellation = cancellation
  }
}
