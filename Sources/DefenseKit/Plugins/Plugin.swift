public import InferenceGraph

/// A defense, a detector, a verdict or an attack that a run names.
///
/// A plugin is a value made from its options. Making it checks them and does no other work.
/// Write one by conforming to ``Defense``, ``Detector``, ``ModelScanner`` or ``Attack``; see <doc:WritingADefense>,
/// <doc:WritingADetector> and <doc:WritingAnAttack>.
public protocol Plugin: Sendable {
  /// The plugin's options, with defaults and documentation.
  associatedtype Options: PluginOptions = NoOptions
  /// The name in kebab-case, as written on the command line.
  static var name: String { get }
  /// One sentence for `runner list`.
  static var summary: String { get }
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

/// A plugin that makes repaired copies of a suspect model.
///
/// It sees clean data only: nothing that reaches ``repair(_:using:in:)`` leads to poisoned images.
public protocol Defense: Plugin {
  /// Whether it needs clean data to learn from; true unless said otherwise.
  static var learnsFromCleanData: Bool { get }

  /// Returns repaired copies of `model`, which isn't changed.
  ///
  /// - Parameters:
  ///   - model: The suspect.
  ///   - clean: Images with right labels, which the defense may use as it likes; there may be none if
  ///     ``learnsFromCleanData`` is false.
  ///   - context: How to execute, and where progress, warnings and costs go.
  /// - Throws: Whatever stops it; ``PluginError`` with code `unsuitableModel` for a model that it
  ///   cannot repair.
  func repair(
    _ model: Model, using clean: CleanData, in context: RunContext
  ) throws -> [Repair]
}

extension Defense {
  /// By default a defense learns.
  public static var learnsFromCleanData: Bool { true }
}

/// A plugin that tells at inference time whether an image carries a trigger.
public protocol Detector: Plugin {
  /// Whether it needs clean data to learn from; true unless said otherwise.
  static var learnsFromCleanData: Bool { get }

  /// Whether it compares the suspect with a repaired copy; true unless said otherwise.
  ///
  /// A detector that looks at the suspect alone is run once for it, whatever is repaired, and needs no
  /// defense.
  static var comparesModels: Bool { get }

  /// Prepares the inspection of images by a suspect and a repaired copy of it.
  ///
  /// What the detector must learn first (thresholds, statistics) it learns from `clean`, which may
  /// be empty if ``learnsFromCleanData`` is false.
  ///
  /// - Parameters:
  ///   - suspect: The model that may hold a backdoor.
  ///   - repaired: A repaired copy of it, made by some defense or read from a file; the suspect itself
  ///     if ``comparesModels`` is false.
  ///   - clean: Images with right labels.
  ///   - context: How to execute, and where progress, warnings and costs go.
  /// - Throws: Whatever stops it; ``PluginError`` with code `unsuitableModel` if the two models
  ///   cannot be compared.
  func inspection(
    of suspect: Model, repaired: Model, using clean: CleanData, in context: RunContext
  ) throws -> any Inspection

  /// Returns one ordinary model with N + 1 outputs whose argmax is the detector's verdict, if the
  /// detector can be written so; nil if not.
  ///
  /// - Throws: ``PluginError`` or `GraphError` if it cannot be done for these two.
  func model(suspect: Model, repaired: Model) throws -> Model?
}

extension Detector {
  /// By default a detector learns.
  public static var learnsFromCleanData: Bool { true }

  /// By default a detector compares.
  public static var comparesModels: Bool { true }

  /// By default a detector isn't a model.
  public func model(suspect: Model, repaired: Model) throws -> Model? { nil }
}
