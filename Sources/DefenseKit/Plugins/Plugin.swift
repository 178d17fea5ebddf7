public import InferenceGraph

/// A defense, a detector, a data-set detector, a verdict or an attack that a run names.
///
/// A plugin is a value made from its options. Making it checks them and does no other work.
/// Write one by conforming to ``Defense``, ``Detector``, ``DataSetDetector``, ``ModelScanner`` or
/// ``Attack``; see <doc:WritingADefense>, <doc:WritingADetector>, <doc:WritingADataSetDetector>,
/// <doc:WritingAVerdict> and <doc:WritingAnAttack>.
public protocol Plugin: Sendable {
  /// The plugin's options, with defaults and documentation.
  associatedtype Options: PluginOptions = NoOptions
  /// The name in kebab-case, as written on the command line.
  static var name: String { get }
  /// One sentence for `runner list`.
  static var summary: String { get }
  /// What kind of plugin it is; each kind's protocol says so.
  static var kind: PluginKind { get }
  /// The plugin as its kind knows it; each kind's protocol says so.
  var byKind: PluginByKind { get }
  /// What it needs; each kind's protocol has a default.
  ///
  /// The host checks it before any work and refuses a run in which something is missing.
  static var requirements: [PluginRequirement] { get }
  /// The options it was made with.
  var options: Options { get }
  /// Creates the plugin and checks `options`; does no other work.
  ///
  /// - Throws: ``PluginError`` with code `badOption` that says which values an option takes.
  init(options: Options) throws(PluginError)
}

extension Plugin where Options == NoOptions {
  /// There are none.
  public var options: NoOptions { NoOptions() }
}

extension Plugin {
  /// Whether it cannot do without clean images.
  public static var requiresCleanData: Bool {
    requirements.contains { requirement in
      switch requirement {
      case .cleanData, .images: true
      case .repairedModel, .trainingData, .batchNormalization, .classes: false
      }
    }
  }

  /// Whether it cannot do without clean images.
  var requiresCleanData: Bool { Self.requiresCleanData }

  /// Returns the clean images of a plugin that requires some.
  ///
  /// - Throws: ``PluginError`` if there are none, which happens only where no host has checked.
  public func required(_ clean: CleanData?) throws(PluginError) -> CleanData {
    guard let clean else { throw PluginRequirement.cleanData.error(for: Self.self) }
    return clean
  }

  /// Returns the repaired model of a plugin that requires one.
  ///
  /// - Throws: ``PluginError`` if there is none, which happens only where no host has checked.
  public func required(_ repaired: Model?) throws(PluginError) -> Model {
    guard let repaired else { throw PluginRequirement.repairedModel.error(for: Self.self) }
    return repaired
  }
}
