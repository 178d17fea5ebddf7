/// A defense, a detector, a data-set detector, a verdict or an attack that a run refers to by name.
///
/// A plugin is a value made from its options. Its initializer checks them and does no other work.
/// Write a plugin by conforming to ``Defense``, ``Detector``, ``DataSetDetector``, ``ModelScanner``
/// or ``Attack``; see <doc:WritingADefense>, <doc:WritingADetector>, <doc:WritingADataSetDetector>,
/// <doc:WritingAVerdict> and <doc:WritingAnAttack>.
public protocol Plugin: Sendable {
  /// The plugin's options, with defaults and documentation.
  associatedtype Options: PluginOptions = NoOptions
  /// The name in kebab-case, as written on the command line.
  static var name: String { get }
  /// A one-sentence summary for `runner list`.
  static var summary: String { get }
  /// The kind of plugin; provided by the protocol of each kind.
  static var kind: PluginKind { get }
  /// The plugin as a case of its kind; provided by the protocol of each kind.
  var byKind: PluginByKind { get }
  /// The inputs that the plugin needs; the protocol of each kind provides a default.
  ///
  /// The host checks them before any work and refuses to run a plugin with an unmet requirement.
  static var requirements: [PluginRequirement] { get }
  /// The inputs that the plugin needs with its options: ``requirements``, and more if an option
  /// asks for more.
  var needs: [PluginRequirement] { get }
  /// The options that the plugin was made with.
  var options: Options { get }
  /// Creates the plugin and checks `options`; does no other work.
  ///
  /// - Throws: ``PluginError`` with code `badOption`, whose message names the accepted values.
  init(options: Options) throws(PluginError)
}

extension Plugin where Options == NoOptions {
  /// The empty options.
  public var options: NoOptions { NoOptions() }
}

extension Plugin {
  /// ``requirements``, by default.
  public var needs: [PluginRequirement] { Self.requirements }

  /// Whether the plugin requires clean images, whatever its options.
  public static var requiresCleanData: Bool { requirements.contains(where: \.isOfCleanData) }

  /// Whether the plugin needs clean images with its options.
  public var needsCleanData: Bool { needs.contains(where: \.isOfCleanData) }

  /// Whether the plugin requires the labels of the clean images.
  public static var requiresLabels: Bool { requirements.contains(.labels) }

  /// Returns the clean images, for a plugin that requires them.
  ///
  /// - Throws: ``PluginError`` if `clean` is nil, which happens only if the host did not check the
  ///   requirements.
  public func required(_ clean: CleanData?) throws(PluginError) -> CleanData {
    guard let clean else { throw PluginRequirement.cleanData.error(for: Self.self) }
    return clean
  }

  /// Returns the repaired copy, for a plugin that requires one.
  ///
  /// - Throws: ``PluginError`` if `repaired` is nil, which happens only if the host did not check
  ///   the requirements.
  public func required(_ repaired: Repair?) throws(PluginError) -> Repair {
    guard let repaired else { throw PluginRequirement.repairedModel.error(for: Self.self) }
    return repaired
  }
}
