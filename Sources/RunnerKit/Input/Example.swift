internal import ArgumentParser

/// An example of a command line for a command's help.
struct Example: Sendable {
  /// The purpose in a few words.
  let purpose: String
  /// The words after the program's name; long lines continue after a backslash and a line break.
  let arguments: String

  init(_ purpose: String, _ arguments: String) {
    self.purpose = purpose
    self.arguments = arguments
  }

  /// The single arguments, none of which contains spaces.
  var words: [String] {
    arguments.split { $0 == " " || $0 == "\n" }.map(String.init).filter { $0 != "\\" }
  }
}
