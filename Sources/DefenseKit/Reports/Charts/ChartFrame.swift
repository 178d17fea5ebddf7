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
