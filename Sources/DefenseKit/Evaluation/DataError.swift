public import InferenceGraph

/// An error in a data set that is inconsistent or does not fit the model.
public struct DataError: Error, Sendable, Hashable, CustomStringConvertible {
  /// What happened and what to do, in one line.
  public let message: String

  /// Creates an error.
  public init(_ message: String) { self.message = message }

  /// Creates an error about an image of the named set, since the execution knows only its number.
  public init(_ error: SampleError, in name: String) {
    self.init("\(name): \(error.description); repair the file or leave the image out")
  }

  /// The same as ``message``.
  public var description: String { message }
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
