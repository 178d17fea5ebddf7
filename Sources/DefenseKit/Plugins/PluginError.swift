/// An error in the choice of a plugin, its options, or the model to process.
///
/// The message is one line that says what happened and what to do.
public struct PluginError: Error, Sendable, Hashable, CustomStringConvertible {
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
  /// What happened and what to do, in one line.
  public let message: String

  /// Creates an error.
  public init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  /// The same as ``message``.
  public var description: String { message }
}
