private import Foundation

/// Colours for text on a terminal.
///
/// Text has no colours elsewhere, if the variable `NO_COLOR` has any value (https://no-color.org),
/// or if the terminal has none (`TERM` is empty or `dumb`).
struct Style: Sendable {
  /// Whether text is coloured.
  let isOn: Bool

  /// The style for standard output.
  static var output: Style { Style(isOn: isTerminal(STDOUT_FILENO) && isAllowed()) }
  /// The style for standard error.
  static var errors: Style { Style(isOn: isTerminal(STDERR_FILENO) && isAllowed()) }

  func bold(_ text: String) -> String { styled(text, "1") }
  func red(_ text: String) -> String { styled(text, "1;31") }
  func yellow(_ text: String) -> String { styled(text, "33") }

  /// Returns a table with its heading, the lines above the first rule, in bold.
  func headed(_ table: String) -> String {
    guard isOn else { return table }
    var lines = table.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    guard let rule = lines.firstIndex(where: { $0.hasPrefix("─") }) else { return table }
    for index in 0..<rule { lines[index] = bold(lines[index]) }
    return lines.joined(separator: "\n")
  }

  private func styled(_ text: String, _ code: String) -> String {
    isOn && !text.isEmpty ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
  }

  /// Whether the environment allows colours.
  static func isAllowed(_ environment: [String: String] = ProcessInfo.processInfo.environment)
    -> Bool
  {
    environment["NO_COLOR", default: ""].isEmpty && !isDumb(environment)
  }

  /// Whether the terminal cannot move its cursor.
  static func isDumb(_ environment: [String: String] = ProcessInfo.processInfo.environment) -> Bool
  {
    ["", "dumb"].contains(environment["TERM", default: ""])
  }

  private static func isTerminal(_ descriptor: Int32) -> Bool { isatty(descriptor) == 1 }
}
