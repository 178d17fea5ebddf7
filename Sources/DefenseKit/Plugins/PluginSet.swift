/// The plugins that a program composes its runs from, in the order given.
///
/// It is a value: two runs can have different plugins, and a test needs no reset.
public struct PluginSet: Sendable {
  /// All plugins.
  public let types: [any Plugin.Type]

  /// Creates a set.
  ///
  /// - Throws: ``PluginError`` with code `duplicatePlugin` if two plugins have the same name.
  public init(_ types: [any Plugin.Type]) throws(PluginError) {
    var seen: Set<String> = []
    for type in types where !seen.insert(type.name).inserted {
      throw PluginError(
        .duplicatePlugin, "two plugins are named '\(type.name)'; rename one or leave one out")
    }
    self.types = types
  }

  /// The names of the defenses.
  public var defenses: [String] { types.filter { $0 is any Defense.Type }.map { $0.name } }

  /// The names of the detectors.
  public var detectors: [String] { types.filter { $0 is any Detector.Type }.map { $0.name } }

  /// The names of the attacks.
  public var attacks: [String] { types.filter { $0 is any Attack.Type }.map { $0.name } }

  /// The names of the verdicts on models.
  public var verdicts: [String] { types.filter { $0 is any ModelScanner.Type }.map { $0.name } }

  /// Makes the verdict of this name.
  ///
  /// - Throws: ``PluginError`` if there is none, or if it refuses its options.
  public func verdict(
    named name: String, settings: [OptionSetting] = []
  ) throws(PluginError) -> any ModelScanner {
    for type in types where type.name == name {
      if let type = type as? any ModelScanner.Type { return try Self.make(type, settings) }
      throw Self.otherKind(type, than: "a verdict")
    }
    throw PluginError(
      .unknownPlugin,
      "there is no verdict '\(name)'" + hint(for: name, among: verdicts, as: "verdicts"))
  }

  /// Makes the defense of this name.
  ///
  /// - Throws: ``PluginError`` if there is none, or if it refuses its options.
  public func defense(
    named name: String, settings: [OptionSetting] = []
  ) throws(PluginError) -> any Defense {
    for type in types where type.name == name {
      if let type = type as? any Defense.Type { return try Self.make(type, settings) }
      throw Self.otherKind(type, than: "a defense")
    }
    throw PluginError(
      .unknownPlugin,
      "there is no defense '\(name)'" + hint(for: name, among: defenses, as: "defenses"))
  }

  /// Makes the detector of this name.
  ///
  /// - Throws: ``PluginError`` if there is none, or if it refuses its options.
  public func detector(
    named name: String, settings: [OptionSetting] = []
  ) throws(PluginError) -> any Detector {
    for type in types where type.name == name {
      if let type = type as? any Detector.Type { return try Self.make(type, settings) }
      throw Self.otherKind(type, than: "a detector")
    }
    throw PluginError(
      .unknownPlugin,
      "there is no detector '\(name)'" + hint(for: name, among: detectors, as: "detectors"))
  }

  /// Makes the attack of this name.
  ///
  /// - Throws: ``PluginError`` if there is none, or if it refuses its options.
  public func attack(
    named name: String, settings: [OptionSetting] = []
  ) throws(PluginError) -> any Attack {
    for type in types where type.name == name {
      if let type = type as? any Attack.Type { return try Self.make(type, settings) }
      throw Self.otherKind(type, than: "an attack")
    }
    throw PluginError(
      .unknownPlugin,
      "there is no attack '\(name)'" + hint(for: name, among: attacks, as: "attacks"))
  }

  /// The error of a name that belongs to a plugin of another kind.
  private static func otherKind(_ type: any Plugin.Type, than wanted: String) -> PluginError {
    let (kind, use) =
      switch type {
      case is any Defense.Type: ("a defense", "--defense \(type.name)")
      case is any Detector.Type: ("a detector", "--detector \(type.name)")
      case is any ModelScanner.Type: ("a verdict on models", "the command 'scan'")
      case is any Attack.Type: ("an attack", "the command 'attack \(type.name)'")
      default: ("another kind of plugin", "one that 'list' has")
      }
    return PluginError(.unknownPlugin, "'\(type.name)' is \(kind), not \(wanted); use \(use)")
  }

  /// Checks that every setting is for a plugin that takes part in the run.
  ///
  /// - Throws: ``PluginError`` for a setting that would have no effect.
  public func check(_ settings: [OptionSetting], used: [String]) throws(PluginError) {
    let names = types.map { $0.name }
    for setting in settings where !used.contains(setting.plugin) {
      if names.contains(setting.plugin) {
        throw PluginError(
          .badOption,
          "--option \(setting.plugin).\(setting.name) has no effect, as "
            + "\(setting.plugin) isn't part of this run; name it or drop the option")
      }
      throw PluginError(
        .unknownPlugin,
        "--option \(setting.plugin).\(setting.name): there is no plugin "
          + "'\(setting.plugin)'" + hint(for: setting.plugin, among: names, as: "plugins"))
    }
  }

  private static func make<P: Plugin>(
    _ type: P.Type, _ settings: [OptionSetting]
  ) throws(PluginError) -> P {
    try P(options: P.Options(settings, for: P.name))
  }
}
