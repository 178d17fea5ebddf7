public import InferenceGraph

/// An error in the choice of a plugin, its options, or the model to process.
///
/// An error about an option names it as its subject, so that a program can tell where the user set
/// it:
///
/// ```swift
/// throw PluginError(option: "share", of: Self.name, "takes a number over 0 and under 1")
/// ```
public struct PluginError: DescribedError, Hashable {
  /// A kind of error; plugins may add their own.
  public struct Code: RawRepresentable, Sendable, Hashable {
    /// The name of the kind, in kebab-case.
    public let rawValue: String

    /// Creates a kind.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// No plugin has the requested name.
    public static let unknownPlugin = Code(rawValue: "unknown-plugin")
    /// Two plugins have the same name.
    public static let duplicatePlugin = Code(rawValue: "duplicate-plugin")
    /// The plugin has no option of the requested name.
    public static let unknownOption = Code(rawValue: "unknown-option")
    /// An option's value cannot be read or is out of range.
    public static let badOption = Code(rawValue: "bad-option")
    /// The plugin cannot work on this model.
    public static let unsuitableModel = Code(rawValue: "unsuitable-model")
  }

  /// The kind of the error.
  public let code: Code
  /// What the error is about.
  public let subject: ErrorSubject?
  /// What is wrong.
  public let problem: String
  /// What to do.
  public let remedies: [Remedy]

  /// Creates an error.
  public init(
    _ code: Code, _ problem: String, about subject: ErrorSubject? = nil, remedies: [Remedy] = []
  ) {
    self.code = code
    self.subject = subject
    self.problem = problem
    self.remedies = remedies
  }

  /// Creates the error for a value that an option does not accept, with code `badOption`.
  ///
  /// - Parameters:
  ///   - option: The option's declared name.
  ///   - plugin: The plugin's name.
  ///   - problem: The rest of a sentence that begins with the option: "takes a number over 0".
  ///   - remedies: What to do, if the problem does not say it.
  public init(
    option: String, of plugin: String, _ problem: String, remedies: [Remedy] = []
  ) {
    self.init(.badOption, problem, about: .option(option, of: plugin), remedies: remedies)
  }
}
