/// An option of a plugin as text.
public struct OptionText: Codable, Sendable, Hashable {
  /// The option's name without the plugin's.
  public var name: String
  /// The value as it would be written.
  public var value: String

  /// Creates an option.
  public init(name: String, value: String) {
    self.name = name
    self.value = value
  }
}
