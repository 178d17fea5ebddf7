/// The shortest decimal text of a number, without ".0".
func shortText(_ number: Double) -> String {
  let text = "\(number)"
  return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
}

/// A number with a fixed number of decimals, rounded half away from zero; a dash for what is no number, and
/// what is too large for decimals as it is.
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

/// A number in at most four decimals; "infinite" where it is.
package func upToFourDecimals(_ number: Double) -> String {
  guard number.isFinite else { return number.isNaN ? "–" : "infinite" }
  return shortText((number * 10_000).rounded() / 10_000)
}

/// A share as a percentage with two decimals; a dash for none.
public func percent(_ share: Double?) -> String {
  share.map { decimals($0 * 100, 2) + " %" } ?? "–"
}

/// part / whole, and 0 of nothing is 0.
func share(_ part: Int, _ whole: Int) -> Double { whole == 0 ? 0 : Double(part) / Double(whole) }
