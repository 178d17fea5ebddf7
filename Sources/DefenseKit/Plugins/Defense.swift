public import InferenceGraph

/// A plugin that makes repaired copies of a suspect model.
///
/// It sees clean data only: nothing that reaches ``repair(_:using:in:)`` leads to poisoned images.
public protocol Defense: Plugin {
  /// Returns repaired copies of `model`, which isn't changed.
  ///
  /// - Parameters:
  ///   - model: The suspect.
  ///   - clean: Images with right labels, which the defense may use as it likes; nil if there are
  ///     none, which happens only where ``Plugin/requirements`` lack them.
  ///   - context: How to execute, and where progress, warnings and costs go.
  /// - Throws: Whatever stops it; ``PluginError`` with code `unsuitableModel` for a model that it
  ///   cannot repair.
  func repair(
    _ model: Model, using clean: CleanData?, in context: RunContext
  ) throws -> [Repair]
}

extension Defense {
  /// A defense.
  public static var kind: PluginKind { .defense }
  /// The defense.
  public var byKind: PluginByKind { .defense(self) }
  /// Clean images, unless said otherwise.
  public static var requirements: [PluginRequirement] { [.cleanData] }
}
