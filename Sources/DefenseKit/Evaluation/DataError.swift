public import InferenceGraph

/// A data set that does not fit the model or itself, with what to do about it.
public struct DataError: Error, Sendable, Hashable, CustomStringConvertible {
  /// What happened and what to do, in one line.
  public let message: String

  /// Creates an error.
  public init(_ message: String) { self.message = message }

  /// Creates an error about an image of the set with this name, of which the execution knows the
  /// number alone.
  public init(_ error: SampleError, in name: String) {
    self.init("\(name): \(error.description); repair the file or leave the image out")
  }

  /// The message.
  public var description: String { message }
}

/// Runs `body`; an error about an image then names the data set, if there is one.
func naming<Result>(_ name: String?, _ body: () throws -> Result) throws -> Result {
  do {
    return try body()
  } catch let error as SampleError {
    guard let name else { throw error }
    throw DataError(error, in: name)
  }
}
