/// Something in a file that an honest model or data set does not have.
public struct Finding: Sendable, Hashable {
  /// How much a finding says about the file.
  public enum Severity: String, Sendable, Hashable, CaseIterable, Comparable {
    /// Unusual, but harmless by itself.
    case note
    /// It deserves a look before the model is used.
    case warning
    /// The file is refused.
    case error

    /// Notes before warnings before errors.
    public static func < (a: Severity, b: Severity) -> Bool {
      allCases.firstIndex(of: a)! < allCases.firstIndex(of: b)!
    }
  }

  /// A kind of finding, under a name that stays the same from version to version.
  public struct Rule: Sendable, Hashable {
    /// Its name, such as "h5-external-link".
    public let name: String
    /// How much it says about the file.
    public let severity: Severity
    /// The technique of MITRE ATLAS that it may be part of, such as "AML.T0010".
    public let technique: String
    /// What the rule looks for, in one sentence.
    public let summary: String

    /// Creates a rule.
    public init(_ name: String, _ severity: Severity, technique: String, _ summary: String) {
      self.name = name
      self.severity = severity
      self.technique = technique
      self.summary = summary
    }
  }

  /// What kind of finding it is.
  public let rule: Rule
  /// The object in the file or the layer, as the file names it; empty for the whole file.
  public let location: String
  /// What was found there and why it matters, in one line.
  public let message: String

  /// Creates a finding; texts far longer than any honest name leads to are cut.
  public init(_ rule: Rule, at location: String = "", _ message: String) {
    self.rule = rule
    self.location = abbreviated(location, to: 500)
    self.message = abbreviated(message, to: 1000)
  }
}
