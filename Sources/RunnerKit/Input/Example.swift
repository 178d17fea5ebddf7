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
