/// The declaration of one option: its name, the property that holds it, and its help.
public struct PluginOption<Options: Sendable>: Sendable {
  /// The name as written in `--option plugin.name=value`, in kebab-case.
  public let name: String
  /// A sentence for the user.
  public let help: String
  /// What may be written as its value.
  public let type: String
  /// The values there are, if they can be listed.
  public let choices: [String]
  private let read: @Sendable (String, inout Options) -> Bool
  private let write: @Sendable (Options) -> String

  /// Declares an option.
  ///
  /// - Parameters:
  ///   - name: The name on the command line, in kebab-case.
  ///   - property: The property that holds it, whose initial value is the default.
  ///   - help: A sentence for the user, with the unit and the range.
  public init<Value: OptionValue>(
    _ name: String, _ property: any WritableKeyPath<Options, Value> & Sendable, _ help: String
  ) {
    self.name = name
    self.help = help
    type = Value.optionType
    choices = Value.optionChoices
    read = { text, options in
      guard let value = Value(optionText: text) else { return false }
      options[keyPath: property] = value
      return true
    }
    write = { $0[keyPath: property].optionText }
  }

  private init<Inner>(
    _ option: PluginOption<Inner>, of property: any WritableKeyPath<Options, Inner> & Sendable,
    help: String?
  ) {
    (name, type, choices) = (option.name, option.type, option.choices)
    self.help = help ?? option.help
    read = { option.read($0, &$1[keyPath: property]) }
    write = { option.write($0[keyPath: property]) }
  }

  /// Returns the declaration as one of the options that hold this one's in a property.
  ///
  /// - Parameters:
  ///   - property: The property, as in `\.tuning`.
  ///   - help: Another sentence for the user, where the option means something more there.
  public func of<Outer>(
    _ property: any WritableKeyPath<Outer, Options> & Sendable, help: String? = nil
  ) -> PluginOption<Outer> { PluginOption<Outer>(self, of: property, help: help) }

  /// Sets the option from text; false if the text isn't a value of its type.
  func set(_ text: String, in options: inout Options) -> Bool { read(text, &options) }

  /// The option's value as text.
  func text(in options: Options) -> String { write(options) }
}
