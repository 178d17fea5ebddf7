internal import ArgumentParser
internal import DefenseKit

/// An error as the user sees it: an exit status and one line.
struct Failure: Error {
  /// The exit status: 1, 2, 141, or one of `sysexits.h`.
  let status: Int32
  /// One line; nil if there is no message or no reader.
  let message: String?
  /// What the error is about, if that is known.
  let subject: ErrorSubject?

  /// An audit has findings, or a scan finds a backdoor; linters use the same status.
  static let findings: Int32 = 1
  /// Units of a comparison failed permanently.
  static let incomplete: Int32 = 2
  static let usage: Int32 = 64
  static let data: Int32 = 65
  static let missingInput: Int32 = 66
  static let unavailable: Int32 = 69
  static let software: Int32 = 70
  static let system: Int32 = 71
  static let cannotCreate: Int32 = 73
  static let ioError: Int32 = 74
  static let tryAgain: Int32 = 75
  /// A shell's status for SIGPIPE.
  static let readerGone: Int32 = 141

  /// All exit statuses and their meanings, for the manual.
  static let meanings: [(status: Int32, meaning: String)] = [
    (0, "Success."),
    (findings, "An audit has errors or warnings, or a scan found a backdoor."),
    (incomplete, "Units of a comparison failed permanently."),
    (usage, "Wrong usage of the command."),
    (data, "Invalid contents of a file."),
    (missingInput, "A file is missing or cannot be opened."),
    (unavailable, "--sandbox require, but the system has no sandbox."),
    (software, "Internal error."),
    (system, "Not enough memory, or another resource."),
    (cannotCreate, "The output cannot be created."),
    (ioError, "The output cannot be written; the disk may be full."),
    (tryAgain, "Incomplete; run the same command again to continue."),
    (readerGone, "The reader of standard output has closed it."),
  ]

  init(_ status: Int32, _ message: String?, about subject: ErrorSubject? = nil) {
    self.status = status
    self.message = message
    self.subject = subject
  }

  /// Creates the error for the wrong use of an option.
  ///
  /// - Parameters:
  ///   - option: The option as written, with its dashes.
  ///   - problem: The rest of the sentence.
  init(option: String, _ problem: String) {
    self.init(
      Self.usage, "\(option) \(problem)", about: .option(String(option.drop { $0 == "-" })))
  }

  /// Converts an error of any part of the run.
  ///
  /// - Parameter path: Returns the text for a path in the message.
  init(_ error: any Error, path: (String) -> String = { $0 }) {
    switch error {
    case let error as Failure: self = error
    case let error as any DescribedError:
      let status = Self.status(of: error)
      self.init(
        status, status == Self.readerGone ? nil : Self.line(UserText.line(error, path: path)),
        about: error.subject)
    default:
      let code = RootCommand.exitCode(for: error)
      let text = RootCommand.message(for: error)
      self.init(code == .validationFailure ? Self.usage : Self.software, Self.line(text))
    }
  }

  private static func status(of error: any DescribedError) -> Int32 {
    switch error {
    case let error as PluginError:
      switch error.code {
      case .unknownPlugin, .unknownOption, .badOption: usage
      case .duplicatePlugin: software
      default: data
      }
    case let error as FileError:
      switch error.kind {
      case .usage: usage
      case .badData: data
      case .missingInput: missingInput
      case .unavailable: unavailable
      case .cannotWrite: cannotCreate
      case .writeFailed: ioError
      case .readerGone: readerGone
      }
    case is MemoryError: system
    default: data
    }
  }

  private static func line(_ text: String) -> String {
    // Names of layers may contain any characters.
    text.split(whereSeparator: \.isNewline).map { $0.trimmingPrefix { $0 == " " } }
      .joined(separator: " ").visible
  }
}
