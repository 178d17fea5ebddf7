internal import InferenceGraph

/// A training that cannot start or continue.
public struct TrainingError: Error, Sendable, CustomStringConvertible {
  /// The cause and the remedy, in one line.
  public let message: String
  /// If the training diverged, the result after its last good epoch; the initial model if there is
  /// none.
  public let lastGood: TrainingResult?

  /// Creates an error.
  public init(_ message: String, lastGood: TrainingResult? = nil) {
    self.message = message
    self.lastGood = lastGood
  }

  /// The message.
  public var description: String { message }
}
