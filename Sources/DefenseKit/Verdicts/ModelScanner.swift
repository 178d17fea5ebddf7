public import InferenceGraph

/// A plugin that decides whether a model has a backdoor.
///
/// A scanner sees the model and, if it requires them, clean images; it never sees triggered images.
public protocol ModelScanner: Plugin {
  /// Returns the verdict on a model.
  ///
  /// - Parameters:
  ///   - model: The suspect, which stays unchanged.
  ///   - clean: Clean images; nil only if ``Plugin/requirements`` do not include them. They may
  ///     lack labels only if ``Plugin/requirements`` do not include ``PluginRequirement/labels``.
  ///   - context: Execution options, and the receiver of progress, warnings and costs.
  /// - Throws: Any error that stops the scan; ``PluginError`` with code `unsuitableModel` for a
  ///   model that the scanner cannot examine.
  func scan(_ model: Model, using clean: CleanData?, in context: RunContext) throws -> ModelVerdict

  /// The largest number of classes with which the scanner is used unless it is named; 0: never; nil,
  /// the default: any number.
  ///
  /// A method whose time grows fast with the number of classes declares one, so that `runner scan`
  /// does not take minutes unasked.
  static var largestUnnamedClassCount: Int? { get }
}

extension ModelScanner {
  /// ``PluginKind/verdict``.
  public static var kind: PluginKind { .verdict }
  /// The model scanner itself.
  public var byKind: PluginByKind { .verdict(self) }
  /// Empty by default: a scanner needs only the model.
  public static var requirements: [PluginRequirement] { [] }
  /// Nil: any number of classes.
  public static var largestUnnamedClassCount: Int? { nil }
}
