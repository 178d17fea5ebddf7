public import InferenceGraph

/// A plugin that says whether a model hides a backdoor.
///
/// It looks at the model, and at clean images where it needs some; no image that may be triggered reaches
/// it.
public protocol ModelScanner: Plugin {
  /// Judges a model.
  ///
  /// - Parameters:
  ///   - model: The suspect, which isn't changed.
  ///   - clean: Images with right labels; nil if there are none, which happens only where
  ///     ``Plugin/requirements`` lack them.
  ///   - context: How to execute, and where progress, warnings and costs go.
  /// - Throws: Whatever stops it; ``PluginError`` with code `unsuitableModel` for a model that it
  ///   cannot judge.
  func scan(_ model: Model, using clean: CleanData?, in context: RunContext) throws -> ModelVerdict
}

extension ModelScanner {
  /// A verdict.
  public static var kind: PluginKind { .verdict }
  /// The verdict.
  public var byKind: PluginByKind { .verdict(self) }
  /// The model alone, unless said otherwise.
  public static var requirements: [PluginRequirement] { [] }
}
