/// The name and value of a plugin's option, as text.
public struct OptionText: Codable, Sendable, Hashable {
  /// The option's name, without the plugin's name.
  public var name: String
  /// The value as a user would write it.
  public var value: String

  /// Creates an option.
  public init(name: String, value: String) {
    self.name = name
    self.value = value
  }
}
