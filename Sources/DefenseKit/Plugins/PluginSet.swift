internal import InferenceGraph

/// The plugins that a program composes its runs from, in the order passed to the initializer.
///
/// A set is a value: two runs can have different plugins, and a test needs no reset.
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
        .duplicatePlugin, "is the name of two plugins", about: .plugin(type.name),
        remedies: [.advice("rename one"), .advice("leave one out")])
    }
    self.types = types
  }

  /// The names of the plugins of a kind.
  public func names(of kind: PluginKind) -> [String] {
    types.filter { $0.kind == kind }.map { $0.name }
  }

  /// Returns the plugin of this kind and name.
  ///
  /// - Throws: ``PluginError`` if no plugin matches, or if the plugin rejects its options.
  public func plugin(
    _ kind: PluginKind, named name: String, settings: [OptionSetting] = []
  ) throws(PluginError) -> any Plugin {
    guard let type = types.first(where: { $0.name == name }) else {
      throw PluginError(
        .unknownPlugin,
        "is not \(kind.nameWithArticle)"
          + hint(for: name, among: names(of: kind), as: kind.plural), about: .plugin(name))
    }
    guard type.kind == kind else { throw Self.otherKind(type, than: kind) }
    return try Self.make(type, settings)
  }

  /// Returns the defense of this name; throws like ``plugin(_:named:settings:)``.
  public func defense(
    named name: String, settings: [OptionSetting] = []
  ) throws(PluginError) -> any Defense {
    let plugin = try plugin(.defense, named: name, settings: settings)
    guard case .defense(let defense) = plugin.byKind else {
      throw Self.otherKind(type(of: plugin), than: .defense)
    }
    return defense
  }

  /// Returns the detector of this name; throws like ``plugin(_:named:settings:)``.
  public func detector(
    named name: String, settings: [OptionSetting] = []
  ) throws(PluginError) -> any Detector {
    let plugin = try plugin(.detector, named: name, settings: settings)
    guard case .detector(let detector) = plugin.byKind else {
      throw Self.otherKind(type(of: plugin), than: .detector)
    }
    return detector
  }

  /// Returns the data-set detector of this name; throws like ``plugin(_:named:settings:)``.
  public func dataSetDetector(
    named name: String, settings: [OptionSetting] = []
  ) throws(PluginError) -> any DataSetDetector {
    let plugin = try plugin(.dataSetDetector, named: name, settings: settings)
    guard case .dataSetDetector(let detector) = plugin.byKind else {
      throw Self.otherKind(type(of: plugin), than: .dataSetDetector)
    }
    return detector
  }

  /// Returns the verdict of this name; throws like ``plugin(_:named:settings:)``.
  public func verdict(
    named name: String, settings: [OptionSetting] = []
  ) throws(PluginError) -> any ModelScanner {
    let plugin = try plugin(.verdict, named: name, settings: settings)
    guard case .verdict(let verdict) = plugin.byKind else {
      throw Self.otherKind(type(of: plugin), than: .verdict)
    }
    return verdict
  }

  /// Returns the attack of this name; throws like ``plugin(_:named:settings:)``.
  public func attack(
    named name: String, settings: [OptionSetting] = []
  ) throws(PluginError) -> any Attack {
    let plugin = try plugin(.attack, named: name, settings: settings)
    guard case .attack(let attack) = plugin.byKind else {
      throw Self.otherKind(type(of: plugin), than: .attack)
    }
    return attack
  }

  /// The error for a name that belongs to a plugin of another kind.
  private static func otherKind(_ type: any Plugin.Type, than wanted: PluginKind) -> PluginError {
    PluginError(
      .unknownPlugin, "is \(type.kind.nameWithArticle), not \(wanted.nameWithArticle)",
      about: .plugin(type.name), remedies: [.usePlugin(type.name, as: type.kind.rawValue)])
  }

  /// Checks that every setting belongs to a plugin that takes part in the run.
  ///
  /// - Throws: ``PluginError`` for a setting that would have no effect.
  public func check(_ settings: [OptionSetting], used: [String]) throws(PluginError) {
    let names = types.map { $0.name }
    for setting in settings where !used.contains(setting.plugin) {
      let subject = ErrorSubject.option(setting.name, of: setting.plugin)
      if names.contains(setting.plugin) {
        throw PluginError(
          .badOption,
          "has no effect, because \(setting.plugin) isn't part of this run", about: subject,
          remedies: [
            .advice("name the plugin"), .omit(setting.name, of: setting.plugin),
          ])
      }
      throw PluginError(
        .unknownPlugin,
        "names no plugin" + hint(for: setting.plugin, among: names, as: "plugins"),
        about: subject)
    }
  }

  private static func make<P: Plugin>(
    _ type: P.Type, _ settings: [OptionSetting]
  ) throws(PluginError) -> P {
    try P(options: P.Options(settings, for: P.name))
  }
}
