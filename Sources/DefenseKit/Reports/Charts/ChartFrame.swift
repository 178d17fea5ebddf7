private import Foundation

/// The part of a chart that figures are drawn into: where they lie, the grid, and the axes around it.
struct ChartFrame: Sendable {
  let left: Double
  let right: Double
  let top: Double
  let bottom: Double
  let horizontal: ChartAxis
  let vertical: ChartAxis
  /// How far the ends of both axes' ranges lie within the frame, so that marks there stay whole.
  let inset: Double

  /// Creates a frame over the whole width of a chart, with room for the vertical axis's texts.
  init(
    width: Double, top: Double = 74, height: Double, _ horizontal: ChartAxis,
    _ vertical: ChartAxis, inset: Double = 0
  ) {
    left = 14 + (vertical.ticks.map { textWidth(vertical.text($0)) }.max() ?? 0) + 8
    right = width - 20
    self.top = top
    bottom = top + height
    self.horizontal = horizontal
    self.vertical = vertical
    self.inset = inset
  }

  /// Where the texts of the horizontal axis end.
  var end: Double { bottom + 44 }

  /// The place of a value on the horizontal axis; what lies outside of its range is at its end.
  func x(_ value: Double) -> Double {
    left + inset + (right - left - 2 * inset) * horizontal.share(of: value)
  }

  /// The place of a value on the vertical axis; what lies outside of its range is at its end.
  func y(_ value: Double) -> Double {
    bottom - inset - (bottom - top - 2 * inset) * vertical.share(of: value)
  }

  /// The grid and the axes.
  var content: String {
    var parts: [String] = []
    let lines = vertical.ticks.map { "M\(unit(left)) \(unit(y($0)))H\(unit(right))" }
    parts.append("<path d=\"\(lines.joined())\" class=\"grid\"/>")
    let ticks = horizontal.ticks.map { "M\(unit(x($0))) \(unit(bottom))v5" }
    parts.append(
      "<path d=\"M\(unit(left)) \(unit(bottom))H\(unit(right))\(ticks.joined())\" class=\"axis\"/>")
    for tick in vertical.ticks {
      parts.append(
        "<text x=\"\(unit(left - 8))\" y=\"\(unit(y(tick) + 4))\" class=\"muted end\">"
          + "\(vertical.text(tick).markup)</text>")
    }
    for tick in horizontal.ticks {
      parts.append(
        "<text x=\"\(unit(x(tick)))\" y=\"\(unit(bottom + 18))\" class=\"muted middle\">"
          + "\(horizontal.text(tick).markup)</text>")
    }
    parts.append(
      "<text x=\"\(unit((left + right) / 2))\" y=\"\(unit(bottom + 38))\" class=\"middle\">"
        + "\(horizontal.title.markup)</text>")
    parts.append("<text x=\"12\" y=\"61\">\(vertical.title.markup)</text>")
    return parts.joined(separator: "\n")
  }
}

/// An axis: its range, where lines and numbers are, and what it shows.
struct ChartAxis: Sendable {
  let title: String
  let range: ClosedRange<Double>
  let ticks: [Double]
  /// Whether values are shares, written as per cent.
  var isShare = true
  /// Whether the range begins where axes end: for lists, which are read from the top.
  var isReversed = false

  /// Shares from a lowest one to 1.
  static func shares(_ title: String, from low: Double = 0) -> ChartAxis {
    // The lowest end that leaves about a tenth of the range below the lowest share, and its steps.
    let steps = [
      (0.98, 0.005), (0.95, 0.01), (0.9, 0.02), (0.8, 0.05), (0.7, 0.05), (0.5, 0.1), (0.0, 0.2),
    ]
    let (start, step) = steps.first { $0.0 + (1 - $0.0) / 12 <= low } ?? (0, 0.2)
    let count = Int(((1 - start) / step).rounded())
    return ChartAxis(
      title: title, range: start...1, ticks: (0...count).map { 1 - Double(count - $0) * step })
  }

  /// Shares from 0 to a highest one.
  static func shares(_ title: String, upTo high: Double) -> ChartAxis {
    let step = step(for: min(1, max(high, 1e-6)), parts: 3)
    let count = Int((min(1, max(high, 1e-6)) / step - 1e-9).rounded(.up))
    return ChartAxis(
      title: title, range: 0...(Double(count) * step), ticks: (0...count).map { Double($0) * step })
  }

  /// Numbers of any size.
  static func numbers(_ title: String, _ low: Double, _ high: Double) -> ChartAxis {
    // Differences of what lies within the bounds are finite.
    var (low, high) = (max(-1e300, min(low, 1e300)), max(-1e300, min(high, 1e300)))
    if !(low < high) {
      let space = max(0.5, abs(low) / 10)
      (low, high) = (low - space, low + space)
    }
    let step = step(for: high - low, parts: 4)
    let (first, last) = ((low / step).rounded(.up), (high / step).rounded(.down))
    // Where steps are lost in the numbers' precision, the ends alone are written.
    let isFine = max(abs(first), abs(last)) < 1e6 && first <= last
    return ChartAxis(
      title: title, range: low...high,
      ticks: isFine ? (Int(first)...Int(last)).map { Double($0) * step } : [low, high],
      isShare: false)
  }

  /// 1, 2 or 5 times a power of ten, so that about as many as `parts` make up a length.
  private static func step(for length: Double, parts: Double) -> Double {
    var power = 1.0
    let rough = length / parts
    while power > rough, power > 1e-300 { power /= 10 }
    while power * 10 <= rough { power *= 10 }
    return power * ([1.0, 2, 5, 10].first { power * $0 >= rough } ?? 10)
  }

  /// How far along the axis a value lies, 0 to 1.
  func share(of value: Double) -> Double {
    let part = (value - range.lowerBound) / (range.upperBound - range.lowerBound)
    // Written so that what is no number lies at the beginning.
    let bounded = part > 0 ? min(1, part) : 0
    return isReversed ? 1 - bounded : bounded
  }

  /// A value as the axis writes it: with a digit more than the distance of two lines needs, which cuts off
  /// what a product of decimal fractions leaves in the last ones.
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

/// A number of any size with five significant digits.
func significant(_ number: Double) -> String {
  // Zeros that say nothing go.
  Double(String(format: "%.5g", number)).map { shortText($0) } ?? "–"
}
