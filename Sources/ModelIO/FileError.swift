/// A file that cannot be read or written, with what to do about it.
///
/// Its description is one line: the path, what happened, and what to do.
public struct FileError: Error, Sendable, Hashable, CustomStringConvertible {
  /// What kind of failure it is; its raw value is the exit status of `sysexits.h`.
  public struct Kind: RawRepresentable, Sendable, Hashable {
    /// The exit status that a command ends with.
    public let rawValue: Int32

    /// Creates a kind from an exit status.
    public init(rawValue: Int32) { self.rawValue = rawValue }

    /// The command was called wrongly, for example without an option that the file needs (64).
    public static let usage = Kind(rawValue: 64)
    /// The file's contents are not usable (65).
    public static let badData = Kind(rawValue: 65)
    /// The file is not there, or cannot be opened (66).
    public static let missingInput = Kind(rawValue: 66)
    /// The system cannot do what was asked for (69).
    public static let unavailable = Kind(rawValue: 69)
    /// The system does not give the memory that the file takes (71).
    public static let noMemory = Kind(rawValue: 71)
    /// The file cannot be created (73).
    public static let cannotWrite = Kind(rawValue: 73)
    /// Writing failed underway, for example on a full disk (74).
    public static let writeFailed = Kind(rawValue: 74)
    /// Nobody reads the pipe that was written to (141: what a shell reports for SIGPIPE).
    public static let readerGone = Kind(rawValue: 141)
  }

  /// What kind of failure it is.
  public let kind: Kind
  /// The file, as the caller named it.
  public let path: String
  /// What is wrong with it and what to do.
  public let message: String
  /// The finding for which the file is refused, if it is.
  public let finding: Finding?

  /// Creates an error.
  public init(_ kind: Kind, path: String, _ message: String) {
    self.kind = kind
    self.path = path
    self.message = message
    finding = nil
  }

  /// Creates the error of a file that is refused; its message ends in the rule's name.
  public init(refused finding: Finding, path: String) {
    kind = .badData
    self.path = path
    message = "\(finding.message) (\(finding.rule.name))"
    self.finding = finding
  }

  /// Creates the error of a file that is none of the kind that is wanted.
  init(otherKind message: String, path: String) {
    kind = .badData
    self.path = path
    self.message = message
    finding = Finding(.fileKind, message)
  }

  /// The whole message, one line.
  public var description: String { "\(path.isEmpty ? "''" : path): \(message)".visible }
}
