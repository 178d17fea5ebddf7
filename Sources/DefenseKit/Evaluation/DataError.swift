public import InferenceGraph

/// An error in a data set that is inconsistent or does not fit the model.
public struct DataError: DescribedError, Hashable {
  /// What the error is about.
  public let subject: ErrorSubject?
  /// What is wrong.
  public let problem: String
  /// What to do.
  public let remedies: [Remedy]

  /// Creates an error.
  public init(_ problem: String, about subject: ErrorSubject? = nil, remedies: [Remedy] = []) {
    self.subject = subject
    self.problem = problem
    self.remedies = remedies
  }

  /// Creates an error about an image of the named set, since the execution knows only its number.
  public init(_ error: SampleError, in name: String) {
    self.init(
      error.problem, about: .image(error.index, in: name),
      remedies: [.advice("repair the file"), .advice("leave the image out")])
  }
}

/// Runs `body` and adds the data set's name, if any, to errors about an image.
func naming<Result>(_ name: String?, _ body: () throws -> Result) throws -> Result {
  do {
    return try body()
  } catch let error as SampleError {
    guard let name else { throw error }
    throw DataError(error, in: name)
  }
}
