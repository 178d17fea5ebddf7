internal import DefenseKit

/// The inputs of a command besides its parsed arguments.
struct Session: Sendable {
  let plugins: PluginSet
  /// The program's command-line arguments.
  let arguments: [String]
}
