public import InferenceGraph

/// A plugin that makes repaired copies of a suspect model.
///
/// A defense sees clean data only: no argument of ``repair(_:using:in:)`` gives access to poisoned
/// images.
public protocol Defense: Plugin {
  /// Returns repaired copies of `model`, which stays unchanged.
  ///
  /// - Parameters:
  ///   - model: The suspect.
  ///   - clean: Clean images, for the defense to use freely; nil only if ``Plugin/requirements``
  ///     do not include them. They may lack labels only if ``Plugin/requirements`` do not include
  ///     ``PluginRequirement/labels``.
  ///   - context: Execution options, and the receiver of progress, warnings and costs.
  /// - Throws: Any error that stops the repair; ``PluginError`` with code `unsuitableModel` for a
  ///   model that the defense cannot repair.
  func repair(
    _ model: Model, using clean: CleanData?, in context: RunContext
  ) throws -> [Repair]
}

extension Defense {
  /// ``PluginKind/defense``.
  public static var kind: PluginKind { .defense }
  /// The defense itself.
  public var byKind: PluginByKind { .defense(self) }
  /// Labelled clean images, by default.
  public static var requirements: [PluginRequirement] { [.cleanData, .labels] }
}
