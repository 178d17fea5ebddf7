/// A file that cannot be read or written, with what to do about it.
///
/// Its description is one line: the path, what happened, and what to do.
public struct FileError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The kind of failure; its raw value is an exit status as in `sysexits.h`.
  public struct Kind: RawRepresentable, Sendable, Hashable {
    /// The exit status for a command that fails with this error.
    public let rawValue: Int32

    /// Creates a kind from an exit status.
    public init(rawValue: Int32) { self.rawValue = rawValue }

    /// Wrong usage, for example a missing option that the file needs (64).
    public static let usage = Kind(rawValue: 64)
    /// Unusable file contents (65).
    public static let badData = Kind(rawValue: 65)
    /// The file is missing or cannot be opened (66).
    public static let missingInput = Kind(rawValue: 66)
    /// The system does not support the request (69).
    public static let unavailable = Kind(rawValue: 69)
    /// The system lacks the memory that the file needs (71).
    public static let noMemory = Kind(rawValue: 71)
    /// The file cannot be created (73).
    public static let cannotWrite = Kind(rawValue: 73)
    /// A write failed, for example on a full disk (74).
    public static let writeFailed = Kind(rawValue: 74)
    /// The reader of a pipe has closed it (141, a shell's status for SIGPIPE).
    public static let readerGone = Kind(rawValue: 141)
  }

  /// The kind of failure.
  public let kind: Kind
  /// The path, as the caller passed it.
  public let path: String
  /// What is wrong with it and what to do.
  public let message: String
  /// The finding that made the file be refused, if any.
  public let finding: Finding?

  /// Creates an error.
  public init(_ kind: Kind, path: String, _ message: String) {
    self.kind = kind
    self.path = path
    self.message = message
    finding = nil
  }

  /// Creates the error for a refused file; its message ends with the rule's name.
  public init(refused finding: Finding, path: String) {
    kind = .badData
    self.path = path
    message = "\(finding.message) (\(finding.rule.name))"
    self.finding = finding
  }

  /// Creates the error for a file of another kind than the requested one.
  init(otherKind message: String, path: String) {
    kind = .badData
    self.path = path
    self.message = message
    finding = Finding(.fileKind, message)
  }

  /// The path and the message on one line, without control characters.
  public var description: String { "\(path.isEmpty ? "''" : path): \(message)".visible }
}
