/// Receives the number of images of a run that are done, on any thread.
public typealias ProgressHandler = @Sendable (_ imagesDone: Int) -> Void

/// An image that cannot be evaluated.
public struct SampleError: DescribedError, Hashable {
  /// The image's position in its source.
  public let index: Int
  /// What is wrong with it.
  public let problem: String

  /// Creates an error.
  public init(index: Int, _ problem: String) {
    self.index = index
    self.problem = problem
  }

  /// The image.
  public var subject: ErrorSubject? { .image(index) }
  /// Empty: the name of the data set is not known here.
  public var remedies: [Remedy] { [] }
}
