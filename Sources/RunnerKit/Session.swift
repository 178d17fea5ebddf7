internal import DefenseKit

/// What a command needs beside its arguments.
struct Session: Sendable {
  let plugins: PluginSet
  /// The arguments that the program was given.
  let arguments: [String]
}
