/// The options of a plugin: a value whose properties hold the defaults until set.
///
/// Each option is declared once, by its name, its property and a sentence; type and default come
/// from the property:
///
/// ```swift
/// struct Options: PluginOptions {
///   var rate = 0.5
///   static var declarations: [PluginOption<Options>] {
///     [PluginOption("rate", \.rate, "The share of channels to prune, 0 to 1.")]
///   }
/// }
/// ```
public protocol PluginOptions: Sendable {
  /// Creates options that all have their defaults.
  init()
  /// All options, in the order in which they are listed.
  static var declarations: [PluginOption<Self>] { get }
}

/// The options of a plugin that has none.
public struct NoOptions: PluginOptions {
  /// Creates the empty options.
  public init() {}
  /// There are none.
  public static var declarations: [PluginOption<NoOptions>] { [] }
}

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

extension PluginOptions {
  /// Creates options with defaults and sets those given; of several settings the last counts.
  ///
  /// Settings for other plugins are passed over.
  /// - Throws: ``PluginError`` with code `unknownOption` or `badOption`.
  public init(_ settings: [OptionSetting], for plugin: String) throws(PluginError) {
    self.init()
    for setting in settings where setting.plugin == plugin {
      guard let declaration = Self.declarations.first(where: { $0.name == setting.name }) else {
        let known = Self.declarations.map(\.name)
        throw PluginError(
          .unknownOption,
          "\(plugin) has no option '\(setting.name)'"
            + hint(for: setting.name, among: known, as: "its options"))
      }
      guard declaration.set(setting.value, in: &self) else {
        let near = nearestName(to: setting.value, among: declaration.choices)
        throw PluginError(
          .badOption,
          "'\(setting.value)' isn't a value of \(plugin).\(setting.name), which takes "
            + declaration.type
            + (near.map { "; did you mean '\($0)'?" }
              ?? " (default: \(declaration.text(in: Self())))"))
      }
    }
  }

  /// The name and value of every option, as they would be written.
  public var texts: [OptionText] {
    Self.declarations.map { OptionText(name: $0.name, value: $0.text(in: self)) }
  }
}
