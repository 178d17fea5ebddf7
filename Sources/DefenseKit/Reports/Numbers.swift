/// Returns the shortest decimal text of a number, without ".0".
func shortText(_ number: Double) -> String {
  let text = "\(number)"
  return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
}

/// Returns a number with a fixed number of decimals, rounded half away from zero; a dash if it is
/// not finite, and the shortest text if it is too large for decimals.
func decimals(_ number: Double, _ count: Int) -> String {
  guard number.isFinite else { return "–" }
  let scale = (0..<count).reduce(1) { product, _ in product * 10 }
  guard abs(number) * Double(scale) < 1e18 else { return shortText(number) }
  let scaled = Int((abs(number) * Double(scale)).rounded())
  let fraction = String(scaled % scale)
  let sign = number < 0 && scaled > 0 ? "-" : ""
  return "\(sign)\(scaled / scale)"
    + (count == 0 ? "" : "." + String(repeating: "0", count: count - fraction.count) + fraction)
}

/// Returns a number with at most four decimals; "infinite" for infinity and a dash for NaN.
package func upToFourDecimals(_ number: Double) -> String {
  guard number.isFinite else { return number.isNaN ? "–" : "infinite" }
  return shortText((number * 10_000).rounded() / 10_000)
}

/// Returns a share as a percentage with two decimals; a dash for nil.
public func percent(_ share: Double?) -> String {
  share.map { decimals($0 * 100, 2) + " %" } ?? "–"
}

/// Returns part / whole, or 0 if `whole` is 0.
func share(_ part: Int, _ whole: Int) -> Double { whole == 0 ? 0 : Double(part) / Double(whole) }
