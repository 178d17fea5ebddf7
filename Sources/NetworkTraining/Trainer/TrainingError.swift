internal import InferenceGraph

/// A training that cannot go on.
public struct TrainingError: Error, Sendable, CustomStringConvertible {
  /// What happened and what to do, in one line.
  public let message: String
  /// Where the training diverged: how it stood after the last epoch that went well, or, with no epochs,
  /// the model as it was before.
  public let lastGood: TrainingResult?

  /// Creates an error.
  public init(_ message: String, lastGood: TrainingResult? = nil) {
    self.message = message
    self.lastGood = lastGood
  }

  /// The message.
  public var description: String { message }
}
