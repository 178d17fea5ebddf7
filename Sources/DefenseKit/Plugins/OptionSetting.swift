internal import InferenceGraph

/// An option of a plugin as the user wrote it: `plugin.name=value`.
public struct OptionSetting: Sendable, Hashable {
  /// The plugin's name.
  public let plugin: String
  /// The option's name and value.
  public let option: OptionText

  /// The option's name.
  public var name: String { option.name }
  /// The option's value as text.
  public var value: String { option.value }

  /// Creates a setting from its three parts.
  public init(plugin: String, name: String, value: String) {
    self.init(plugin: plugin, OptionText(name: name, value: value))
  }

  /// Creates a setting of an option.
  public init(plugin: String, _ option: OptionText) {
    self.plugin = plugin
    self.option = option
  }

  /// Parses `plugin.name=value`.
  ///
  /// - Throws: ``PluginError`` with code `badOption` if the text does not have this form.
  public init(_ text: String) throws(PluginError) {
    let sides = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    let path = sides[0].split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
    guard sides.count == 2, path.count == 2, !path[0].isEmpty, !path[1].isEmpty else {
      throw PluginError(
        .badOption, "takes plugin.name=value, such as fine-pruning.drops=2,4, not '\(text)'",
        about: .option("option"))
    }
    self.init(plugin: String(path[0]), name: String(path[1]), value: String(sides[1]))
  }
}
