internal import ArgumentParser
internal import DefenseKit

/// An error as the user sees it: an exit status and one line.
struct Failure: Error {
  /// The exit status: 1, 2, 141, or one of `sysexits.h`.
  let status: Int32
  /// One line; nil if there is no message or no reader.
  let message: String?

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

  /// All exit statuses and their meanings, for the manual.
  static let meanings: [(status: Int32, meaning: String)] = [
    (0, "All is done."),
    (findings, "An audit found something."),
    (incomplete, "Parts of a comparison failed for good."),
    (usage, "The command is called wrongly."),
    (data, "A file's contents cannot be used."),
    (missingInput, "A file is not there or cannot be opened."),
    (unavailable, "The system has no sandbox, and one is required."),
    (software, "A mistake in the program."),
    (system, "There is too little memory, or another resource."),
    (cannotCreate, "The output cannot be created."),
    (ioError, "The output cannot be written, such as on a full disk."),
    (tryAgain, "Not all is done; the same command goes on."),
    (141, "Whoever read standard output has gone away."),
  ]

  init(_ status: Int32, _ message: String?) {
    self.status = status
    self.message = message
  }

  /// Converts an error of any part of the run.
  init(_ error: any Error) {
    switch error {
    case let error as Failure: self = error
    case let error as PluginError:
      let status: Int32 =
        switch error.code {
        case .unknownPlugin, .unknownOption, .badOption: Self.usage
        case .duplicatePlugin: Self.software
        default: Self.data
        }
      self.init(status, Self.line(error.message))
    case let error as FileError where error.kind == .readerGone:
      self.init(error.kind.rawValue, nil)
    case let error as FileError: self.init(error.kind.rawValue, Self.line(error.description))
    case let error as DataError: self.init(Self.data, Self.line(error.message))
    case let error as SampleError: self.init(Self.data, Self.line(error.description))
    case let error as TrainingError: self.init(Self.data, Self.line(error.description))
    case let error as MemoryError: self.init(Self.system, Self.line(error.description))
    case let error as GraphError:
      let rule = error.isTooLarge ? " (\(Finding.Rule.graphSize.name))" : ""
      self.init(
        error.lacksMemory ? Self.system : Self.data, Self.line(error.description) + rule)
    default:
      let code = RootCommand.exitCode(for: error)
      let text = RootCommand.message(for: error)
      self.init(code == .validationFailure ? Self.usage : Self.software, Self.line(text))
    }
  }

  private static func line(_ text: String) -> String {
    // Names of layers may contain any characters.
    text.split(whereSeparator: \.isNewline).map { $0.trimmingPrefix { $0 == " " } }
      .joined(separator: " ").visible
  }
}
