/// Something in a file that an honest model or data set does not have.
public struct Finding: Sendable, Hashable {
  /// The severity of a finding.
  public enum Severity: String, Sendable, Hashable, CaseIterable, Comparable {
    /// Unusual, but harmless by itself.
    case note
    /// Suspicious: review the file before using the model.
    case warning
    /// Dangerous or unusable: the file is refused.
    case error

    /// Returns whether `a` is less severe than `b`; the order is note, warning, error.
    public static func < (a: Severity, b: Severity) -> Bool {
      allCases.firstIndex(of: a)! < allCases.firstIndex(of: b)!
    }
  }

  /// A kind of finding; its name is stable across versions.
  public struct Rule: Sendable, Hashable {
    /// The name, for example "h5-external-link".
    public let name: String
    /// The severity of all findings of this rule.
    public let severity: Severity
    /// The related technique of MITRE ATLAS, for example "AML.T0010".
    public let technique: String
    /// What the rule detects, in one sentence.
    public let summary: String

    /// Creates a rule.
    public init(_ name: String, _ severity: Severity, technique: String, _ summary: String) {
      self.name = name
      self.severity = severity
      self.technique = technique
      self.summary = summary
    }
  }

  /// The rule that the file breaks.
  public let rule: Rule
  /// The object or layer, as the file names it; empty for the whole file.
  public let location: String
  /// What was found and why it matters, on one line.
  public let message: String

  /// Creates a finding; shortens the location to 500 and the message to 1000 Unicode scalars.
  public init(_ rule: Rule, at location: String = "", _ message: String) {
    self.rule = rule
    self.location = abbreviated(location, to: 500)
    self.message = abbreviated(message, to: 1000)
  }
}
