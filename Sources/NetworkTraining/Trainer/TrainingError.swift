public import InferenceGraph

/// A training that cannot start or continue.
///
/// Its options are properties of ``TrainingOptions``.
public struct TrainingError: DescribedError {
  /// What the error is about.
  public let subject: ErrorSubject?
  /// What is wrong.
  public let problem: String
  /// What to do.
  public let remedies: [Remedy]
  /// If the training diverged, the result after its last good epoch; the initial model if there is
  /// none.
  public let lastGood: TrainingResult?

  /// Creates an error.
  public init(
    _ problem: String, about subject: ErrorSubject? = nil, remedies: [Remedy] = [],
    lastGood: TrainingResult? = nil
  ) {
    self.subject = subject
    self.problem = problem
    self.remedies = remedies
    self.lastGood = lastGood
  }
}
