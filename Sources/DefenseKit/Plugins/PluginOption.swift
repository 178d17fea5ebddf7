/// The declaration of one option: its name, the property that stores it, and its help.
public struct PluginOption<Options: Sendable>: Sendable {
  /// The name as written in a setting `plugin.name=value`, in kebab-case.
  public let name: String
  /// One sentence for the user.
  public let help: String
  /// The accepted text, from ``OptionValue/optionType``.
  public let type: String
  /// All possible values; empty if they cannot be listed.
  public let choices: [String]
  private let read: @Sendable (String, inout Options) -> Bool
  private let write: @Sendable (Options) -> String

  /// Declares an option.
  ///
  /// - Parameters:
  ///   - name: The name in settings, in kebab-case.
  ///   - property: The property that stores the value; its initial value is the default.
  ///   - help: One sentence for the user, with the unit and the range.
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

  /// Returns this option as an option of a type that stores these options in a property.
  ///
  /// - Parameters:
  ///   - property: The property, for example `\.tuning`.
  ///   - help: A replacement for the help, if the option has a wider meaning there.
  public func of<Outer>(
    _ property: any WritableKeyPath<Outer, Options> & Sendable, help: String? = nil
  ) -> PluginOption<Outer> { PluginOption<Outer>(self, of: property, help: help) }

  /// Sets the option from text; returns false if the text is not a value of its type.
  func set(_ text: String, in options: inout Options) -> Bool { read(text, &options) }

  /// The accepted values in words: "numbers separated by commas".
  var values: String {
    guard type.hasSuffix(",...") else {
      return switch type {
      case "number": "a number"
      case "integer": "an integer"
      default: type
      }
    }
    let element = String(type.dropLast(4))
    return choices.isEmpty
      ? "\(element)s separated by commas" : "one or more of \(element), separated by commas"
  }

  /// The option's value as text.
  func text(in options: Options) -> String { write(options) }
}
