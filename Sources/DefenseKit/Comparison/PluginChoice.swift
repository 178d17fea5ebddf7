/// A plugin with its options in a comparison.
public struct PluginChoice: Codable, Sendable, Hashable {
  /// The name in tables: the plugin's name, or another one if the comparison has it with several
  /// options.
  public var label: String
  /// The plugin's name.
  public var name: String
  /// All of its options, defaults included.
  public var options: [OptionText]

  /// Creates a choice.
  public init(label: String? = nil, name: String, options: [OptionText] = []) {
    self.label = label ?? name
    self.name = name
    self.options = options
  }

  /// Creates the choice that would make this plugin.
  public init<P: Plugin>(_ plugin: P, label: String? = nil) {
    self.init(label: label, name: P.name, options: plugin.options.texts)
  }

  /// The options as settings to make the plugin with.
  public var settings: [OptionSetting] {
    options.map { OptionSetting(plugin: name, $0) }
  }
}
