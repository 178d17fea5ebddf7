internal import ArgumentParser

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
