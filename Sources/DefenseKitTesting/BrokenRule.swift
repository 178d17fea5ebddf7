/// A rule that a plugin does not keep.
public struct BrokenRule: Error, Sendable, Hashable, CustomStringConvertible {
  /// The plugin's name.
  public let plugin: String
  /// The rule.
  public let rule: PluginRule
  /// What was seen.
  public let seen: String
  /// What to do.
  public let advice: String

  /// All of it in one line.
  public var description: String {
    "\(plugin) breaks the rule '\(rule)': \(seen); \(advice)"
  }
}

/// All rules that a plugin does not keep.
public struct BrokenRules: Error, Sendable, Hashable, CustomStringConvertible {
  /// The rules, in the order in which they were checked; at least one.
  public let all: [BrokenRule]

  /// A line for each.
  public var description: String { all.map(\.description).joined(separator: "\n") }
}
