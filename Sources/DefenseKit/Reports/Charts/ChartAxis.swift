private import Foundation

/// An axis with its range, title and ticks.
struct ChartAxis: Sendable {
  let title: String
  let range: ClosedRange<Double>
  let ticks: [Double]
  /// Whether values are shares, shown in per cent.
  var isShare = true
  /// Whether the lower bound is at the far end of the axis: for lists, which are read from the top.
  var isReversed = false

  /// Returns an axis of shares from at most `low` to 1.
  static func shares(_ title: String, from low: Double = 0) -> ChartAxis {
    // The largest start that leaves about a twelfth of the range below the lowest share, and its
    // steps.
    let steps = [
      (0.98, 0.005), (0.95, 0.01), (0.9, 0.02), (0.8, 0.05), (0.7, 0.05), (0.5, 0.1), (0.0, 0.2),
    ]
    let (start, step) = steps.first { $0.0 + (1 - $0.0) / 12 <= low } ?? (0, 0.2)
    let count = Int(((1 - start) / step).rounded())
    return ChartAxis(
      title: title, range: start...1, ticks: (0...count).map { 1 - Double(count - $0) * step })
  }

  /// Returns an axis of shares from 0 to at least `high`.
  static func shares(_ title: String, upTo high: Double) -> ChartAxis {
    let step = step(for: min(1, max(high, 1e-6)), parts: 3)
    let count = Int((min(1, max(high, 1e-6)) / step - 1e-9).rounded(.up))
    return ChartAxis(
      title: title, range: 0...(Double(count) * step), ticks: (0...count).map { Double($0) * step })
  }

  /// Returns an axis of numbers of any size.
  static func numbers(_ title: String, _ low: Double, _ high: Double) -> ChartAxis {
    // Differences between numbers within these bounds are finite.
    var (low, high) = (max(-1e300, min(low, 1e300)), max(-1e300, min(high, 1e300)))
    if !(low < high) {
      let space = max(0.5, abs(low) / 10)
      (low, high) = (low - space, low + space)
    }
    let step = step(for: high - low, parts: 4)
    let (first, last) = ((low / step).rounded(.up), (high / step).rounded(.down))
    // If the steps are too small for the numbers' precision, only both ends are labelled.
    let isFine = max(abs(first), abs(last)) < 1e6 && first <= last
    return ChartAxis(
      title: title, range: low...high,
      ticks: isFine ? (Int(first)...Int(last)).map { Double($0) * step } : [low, high],
      isShare: false)
  }

  /// Returns 1, 2 or 5 times a power of ten, so that about `parts` steps make up a length.
  private static func step(for length: Double, parts: Double) -> Double {
    var power = 1.0
    let rough = length / parts
    while power > rough, power > 1e-300 { power /= 10 }
    while power * 10 <= rough { power *= 10 }
    return power * ([1.0, 2, 5, 10].first { power * $0 >= rough } ?? 10)
  }

  /// The position of a value along the axis, 0 to 1.
  func share(of value: Double) -> Double {
    let part = (value - range.lowerBound) / (range.upperBound - range.lowerBound)
    // NaN fails the comparison and gets position 0.
    let bounded = part > 0 ? min(1, part) : 0
    return isReversed ? 1 - bounded : bounded
  }

  /// Returns the label of a value, with one digit more than the distance of two ticks needs, which
  /// hides rounding errors.
  func text(_ value: Double) -> String {
    let unit = isShare ? 100.0 : 1
    let distance =
      (ticks.count > 1 ? abs(ticks[1] - ticks[0]) : range.upperBound - range.lowerBound) * unit
    let number = value * unit
    guard distance > 1e-6, abs(number) < 1e9 else { return significant(number) }
    var factor = 1.0
    while factor * distance < 10 { factor *= 10 }
    let rounded = (number * factor).rounded() / factor
    return shortText(rounded == 0 ? 0 : rounded) + (isShare ? " %" : "")
  }
}

/// Returns a number of any size with five significant digits.
func significant(_ number: Double) -> String {
  // Drops trailing zeros.
  Double(String(format: "%.5g", number)).map { shortText($0) } ?? "–"
}
