public import InferenceGraph

/// A plugin that says whether a model hides a backdoor.
///
/// It looks at the model, and at clean images where it needs some; no image that may be triggered reaches
/// it.
public protocol ModelScanner: Plugin {
  /// Whether it needs clean images; false unless said otherwise.
  static var needsCleanData: Bool { get }

  /// Judges a model.
  ///
  /// - Parameters:
  ///   - model: The suspect, which isn't changed.
  ///   - clean: Images with right labels; nil if there are none, which happens only where
  ///     ``needsCleanData`` is false.
  ///   - context: How to execute, and where progress, warnings and costs go.
  /// - Throws: Whatever stops it; ``PluginError`` with code `unsuitableModel` for a model that it
  ///   cannot judge.
  func scan(_ model: Model, using clean: CleanData?, in context: RunContext) throws -> ModelVerdict
}

extension ModelScanner {
  /// By default a verdict needs the model alone.
  public static var needsCleanData: Bool { false }
}
