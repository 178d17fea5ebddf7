internal import ArgumentParser

/// A command line that shows what a command is for.
struct Example: Sendable {
  /// What it does, in a few words.
  let purpose: String
  /// What stands behind the program's name; long ones go on after a backslash and a line break.
  let arguments: String

  init(_ purpose: String, _ arguments: String) {
    self.purpose = purpose
    self.arguments = arguments
  }

  /// The arguments one by one; there are none with spaces in them.
  var words: [String] {
    arguments.split { $0 == " " || $0 == "\n" }.map(String.init).filter { $0 != "\\" }
  }
}

/// A command whose help begins with examples.
protocol ExemplifiedCommand: ParsableCommand {
  /// Two or three; a test runs them.
  static var examples: [Example] { get }
}

extension ExemplifiedCommand {
  /// The examples, and then the text.
  static func discussion(_ text: String = "") -> String {
    let examples = examples.map { example in
      "  # \(example.purpose)\n  \(programName) "
        + example.arguments.replacing("\n", with: "\n  ")
    }
    return "EXAMPLES:\n\(examples.joined(separator: "\n"))" + (text.isEmpty ? "" : "\n\n\(text)")
  }
}
