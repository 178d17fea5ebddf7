public import DefenseKit

extension CLP {
  /// How to treat a batch normalization that reads a sum.
  public enum Sums: String, Sendable, CaseIterable, OptionValue {
    /// Leaves it unpruned.
    case skip
    /// Bounds its channels by the sum of the operands' bounds.
    case bound
  }

  /// The options of ``CLP``.
  public struct Options: PluginOptions {
    /// The number of standard deviations over its layer's mean beyond which a channel is pruned.
    public var u: Double
    /// How to treat a normalization that reads a sum.
    public var sums: Sums

    /// Creates options.
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
          "u", \.u, "Prunes channels more than u standard deviations above the mean; over 0."),
        PluginOption(
          "sums", \.sums,
          "Normalizations of a sum: skipped, or bounded by the sum of the operands' bounds."),
      ]
    }
  }

  /// Checks the ranges of the options.
  ///
  /// - Throws: `PluginError` with code `badOption`.
  static func check(_ options: Options) throws(PluginError) {
    guard options.u > 0, options.u.isFinite else {
      throw PluginError(option: "u", of: name, "takes a number over 0, such as 3")
    }
  }
}
