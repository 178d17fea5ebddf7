import InferenceGraph

/// A file or folder of named arrays, among them images and labels.
protocol DataContainer: Sendable {
  /// The path, as the caller passed it.
  var path: String { get }
  /// Whether MATLAB wrote the file; it stores the last axis first.
  var isMATLAB: Bool { get }
  /// The word for one of its arrays in messages, for example "data set".
  var noun: String { get }
  /// Whether its arrays have names that a caller may choose from.
  var hasNames: Bool { get }
  /// The names of its classes in their order; nil if they have none.
  var classNames: [String]? { get }
  /// What was chosen without being asked for, each a whole line.
  var notes: [String] { get }
  /// The names of images and labels to try where the caller gives none, the most usual first.
  ///
  /// - Parameter part: The part to prefer in a file that has training and test images.
  func usualKeys(_ part: DataPart?) -> [DataKeys]
  /// Every array of numbers that can be read, sorted by name.
  var numberArrays: [any StoredArray] { get }
  /// Returns the array with a name; nil if there is none.
  ///
  /// - Throws: ``FileError`` if it is there, but damaged or refused.
  func array(_ name: String) throws(FileError) -> (any StoredArray)?
  /// Returns what the file has instead of images, for messages: names, and what it may be.
  func contents() -> String
}

extension DataContainer {
  var isMATLAB: Bool { false }
  var hasNames: Bool { true }
  var classNames: [String]? { nil }
  var notes: [String] { [] }

  /// Returns an error about this file's contents.
  func failure(_ problem: String, remedies: [Remedy] = []) -> FileError {
    FileError(.badData, path: path, problem, remedies: remedies)
  }

  /// Returns the beginning of a message about an array: "its data set 'data'".
  func its(_ array: any StoredArray) -> String { "its \(noun) '\(abbreviated(array.path))'" }
}
