/// A rule that a plugin breaks.
public struct BrokenRule: Error, Sendable, Hashable, CustomStringConvertible {
  /// The plugin's name.
  public let plugin: String
  /// The broken rule.
  public let rule: PluginRule
  /// What the check observed.
  public let observed: String
  /// How to fix it.
  public let advice: String

  /// The plugin, the rule, the observation and the advice in one line.
  public var description: String {
    "\(plugin) breaks the rule '\(rule)': \(observed); \(advice)"
  }
}

/// All rules that a plugin breaks.
public struct BrokenRules: Error, Sendable, Hashable, CustomStringConvertible {
  /// The rules, in the order in which they were checked; at least one.
  public let all: [BrokenRule]

  /// One line for each rule.
  public var description: String { all.map(\.description).joined(separator: "\n") }
}
