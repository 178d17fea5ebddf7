public import InferenceGraph

/// A file that cannot be read or written, with what to do about it.
///
/// Its description is one line: the path, what happened, and what to do.
public struct FileError: DescribedError, Hashable {
  /// The kind of failure.
  public enum Kind: Sendable, Hashable {
    /// The call lacks an argument that the file needs, or has one that does not fit.
    case usage
    /// Unusable file contents.
    case badData
    /// The file is missing or cannot be opened.
    case missingInput
    /// The system does not support the request.
    case unavailable
    /// The file cannot be created.
    case cannotWrite
    /// A write failed, for example on a full disk.
    case writeFailed
    /// The reader of a pipe has closed it.
    case readerGone
  }

  /// The kind of failure.
  public let kind: Kind
  /// The path, as the caller passed it.
  public let path: String
  /// What is wrong.
  public let problem: String
  /// What to do.
  public let remedies: [Remedy]
  /// The finding that made the file be refused, if any.
  public let finding: Finding?
  /// The system's error, if a file cannot be written.
  let system: SystemError?

  /// Creates an error.
  public init(_ kind: Kind, path: String, _ problem: String, remedies: [Remedy] = []) {
    self.init(kind, path: path, problem, remedies: remedies, finding: nil, system: nil)
  }

  /// Creates the error for a refused file; its problem ends with the rule's name.
  public init(refused finding: Finding, path: String) {
    self.init(
      .badData, path: path, "\(finding.message) (\(finding.rule.name))", remedies: [],
      finding: finding, system: nil)
  }

  /// Creates the error for a file of another kind than the requested one.
  init(otherKind message: String, path: String) {
    self.init(
      .badData, path: path, message, remedies: [], finding: Finding(.fileKind, message),
      system: nil)
  }

  init(
    _ kind: Kind, path: String, _ problem: String, remedies: [Remedy], finding: Finding?,
    system: SystemError?
  ) {
    self.kind = kind
    self.path = path
    self.problem = problem
    self.remedies = remedies
    self.finding = finding
    self.system = system
  }

  /// Returns the same error about another path.
  func moved(to path: String) -> FileError {
    if let system { return FileError(writing: path, system) }
    return FileError(
      kind, path: path, problem, remedies: remedies, finding: finding, system: nil)
  }

  /// The file.
  public var subject: ErrorSubject? { .file(path) }

  /// The path, the problem and the remedies on one line, without control characters.
  public var description: String { text(subject: \.description, remedy: \.description).visible }
}
