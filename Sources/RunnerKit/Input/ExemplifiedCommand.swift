internal import ArgumentParser

/// A command whose help starts with examples.
protocol ExemplifiedCommand: ParsableCommand {
  /// Two or three examples; a test runs them.
  static var examples: [Example] { get }
}

extension ExemplifiedCommand {
  /// Returns the examples, followed by a text.
  static func discussion(_ text: String = "") -> String {
    let examples = examples.map { example in
      "  # \(example.purpose)\n  \(programName) "
        + example.arguments.replacing("\n", with: "\n  ")
    }
    return "EXAMPLES:\n\(examples.joined(separator: "\n"))" + (text.isEmpty ? "" : "\n\n\(text)")
  }
}
