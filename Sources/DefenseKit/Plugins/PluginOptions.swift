internal import InferenceGraph

/// The options of a plugin: a value whose properties have the defaults until set.
///
/// Each option is declared once, by its name, its property and one sentence. Its type and default
/// come from the property:
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
  /// Creates options with default values.
  init()
  /// All options, in the order of listings.
  static var declarations: [PluginOption<Self>] { get }
}

extension PluginOptions {
  /// Creates options with default values and applies `settings`; the last one for an option counts.
  ///
  /// Settings for other plugins are ignored.
  ///
  /// - Throws: ``PluginError`` with code `unknownOption` or `badOption`.
  public init(_ settings: [OptionSetting], for plugin: String) throws(PluginError) {
    self.init()
    for setting in settings where setting.plugin == plugin {
      guard let declaration = Self.declarations.first(where: { $0.name == setting.name }) else {
        let known = Self.declarations.map(\.name)
        throw PluginError(
          .unknownOption,
          "is not an option" + hint(for: setting.name, among: known, as: "options of \(plugin)"),
          about: .option(setting.name, of: plugin))
      }
      guard declaration.set(setting.value, in: &self) else {
        let near = nearestName(to: setting.value, among: declaration.choices)
        throw PluginError(
          option: setting.name, of: plugin,
          "takes \(declaration.values), not '\(setting.value)'"
            + (near.map { "; did you mean '\($0)'?" }
              ?? " (default: \(declaration.text(in: Self())))"))
      }
    }
  }

  /// The name and value of every option, in the form that a user would write.
  public var texts: [OptionText] {
    Self.declarations.map { OptionText(name: $0.name, value: $0.text(in: self)) }
  }
}
