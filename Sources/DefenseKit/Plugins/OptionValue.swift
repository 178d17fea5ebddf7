/// A type of plugin option, which can be read from text and written as text.
///
/// Numbers, Booleans, strings, enumerations with raw strings, and arrays and optionals of these
/// conform. Reading a written value returns the same value.
public protocol OptionValue: Sendable, Equatable {
  /// The accepted text, for help texts: "number" or "pool|convolution".
  static var optionType: String { get }
  /// All possible values; empty if they cannot be listed.
  static var optionChoices: [String] { get }
  /// Reads a value; returns nil if the text is not one.
  init?(optionText: String)
  /// The value as text.
  var optionText: String { get }
}

extension OptionValue {
  /// Empty by default: the values cannot be listed.
  public static var optionChoices: [String] { [] }
}

extension String: OptionValue {
  /// "text".
  public static var optionType: String { "text" }
  /// Accepts any text.
  public init?(optionText: String) { self = optionText }
  /// The string itself.
  public var optionText: String { self }
}

extension Int: OptionValue {
  /// "integer".
  public static var optionType: String { "integer" }
  /// Reads a decimal integer.
  public init?(optionText: String) { self.init(optionText) }
  /// The integer in decimal.
  public var optionText: String { "\(self)" }
}

extension Double: OptionValue {
  /// "number".
  public static var optionType: String { "number" }
  /// Reads a finite decimal number.
  public init?(optionText: String) {
    self.init(optionText)
    guard isFinite else { return nil }
  }
  /// The shortest decimal that reads back as this number; whole numbers have no decimal point.
  public var optionText: String { shortText(self) }
}

extension Bool: OptionValue {
  /// "true|false".
  public static var optionType: String { "true|false" }
  /// "true" and "false".
  public static var optionChoices: [String] { ["true", "false"] }
  /// Reads "true" or "false".
  public init?(optionText: String) { self.init(optionText) }
  /// "true" or "false".
  public var optionText: String { "\(self)" }
}

extension Array: OptionValue where Element: OptionValue {
  /// "number,number,...".
  public static var optionType: String { "\(Element.optionType),..." }
  /// The choices of an element.
  public static var optionChoices: [String] { Element.optionChoices }
  /// Reads elements separated by commas; nil if any of them is not a value.
  public init?(optionText: String) {
    self = []
    for part in optionText.split(separator: ",", omittingEmptySubsequences: false) {
      guard let element = Element(optionText: String(part)) else { return nil }
      append(element)
    }
  }
  /// The elements separated by commas.
  public var optionText: String { map(\.optionText).joined(separator: ",") }
}

extension Optional: OptionValue where Wrapped: OptionValue {
  /// The type of the wrapped value, without "auto".
  public static var optionType: String { Wrapped.optionType }
  /// The choices of the wrapped value and "auto"; empty if they cannot be listed.
  public static var optionChoices: [String] {
    Wrapped.optionChoices.isEmpty ? [] : Wrapped.optionChoices + ["auto"]
  }
  /// Reads a value; "auto" gives nil, which leaves the choice to the plugin.
  public init?(optionText: String) {
    if optionText == "auto" {
      self = .none
    } else if let value = Wrapped(optionText: optionText) {
      self = .some(value)
    } else {
      return nil
    }
  }
  /// The value, or "auto".
  public var optionText: String { self?.optionText ?? "auto" }
}

extension OptionValue where Self: RawRepresentable & CaseIterable, RawValue == String {
  /// The raw values, separated by bars.
  public static var optionType: String { optionChoices.joined(separator: "|") }
  /// The raw values.
  public static var optionChoices: [String] { allCases.map(\.rawValue) }
  /// Reads a raw value.
  public init?(optionText: String) { self.init(rawValue: optionText) }
  /// The raw value.
  public var optionText: String { rawValue }
}
