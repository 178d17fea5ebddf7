/// Numbers that may be written as fractions: `0.5`, `1/255`.
enum FractionText {
  /// Returns the number; nil for another text, or for a number that a Float cannot hold.
  static func value(of text: some StringProtocol) -> Float? {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false).map { Double($0) }
    guard parts.count <= 2, var value = parts[0] else { return nil }
    if parts.count == 2 {
      guard let denominator = parts[1], denominator != 0 else { return nil }
      value /= denominator
    }
    let rounded = Float(value)
    return rounded.isFinite ? rounded : nil
  }
}
