public import DefenseKit

extension CLP {
  /// What is done with a batch normalization that reads a sum.
  public enum Sums: String, Sendable, CaseIterable, OptionValue {
    /// It is left as it is.
    case skip
    /// Its channels are bounded by the bounds of the operands, added.
    case bound
  }

  /// The options of ``CLP``.
  public struct Options: PluginOptions {
    /// By how many standard deviations of its layer a channel must exceed the mean to be pruned.
    public var u: Double
    /// What is done with a normalization that reads a sum.
    public var sums: Sums

    /// Creates options; each has its default unless given.
    public init(u: Double = 3, sums: Sums = .skip) {
      self.u = u
      self.sums = sums
    }

    /// Creates options with all defaults.
    public init() { self.init(u: 3) }

    /// The declarations of all options.
    public static var declarations: [PluginOption<Options>] {
      [
        PluginOption(
          "u", \.u, "Channels more than u standard deviations over the mean are pruned; over 0."),
        PluginOption(
          "sums", \.sums,
          "Normalizations of a sum are skipped, or bounded by adding the operands' bounds."),
      ]
    }
  }

  /// Checks the ranges of the options.
  ///
  /// - Throws: `PluginError` with code `badOption`.
  static func check(_ options: Options) throws(PluginError) {
    guard options.u > 0, options.u.isFinite else {
      throw PluginError(.badOption, "clp.u takes a number over 0, such as 3")
    }
  }
}
