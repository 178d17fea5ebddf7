internal import Foundation

/// Receives the number of images of a run that are done, on any thread.
public typealias ProgressHandler = @Sendable (_ imagesDone: Int) -> Void

/// An image that cannot be evaluated.
public struct SampleError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The image's position in its source.
  public let index: Int
  /// What is wrong with it.
  public let message: String

  /// Creates an error.
  public init(index: Int, _ message: String) {
    self.index = index
    self.message = message
  }

  /// The message with the image's position.
  public var description: String { "image \(index): \(message)" }
}
