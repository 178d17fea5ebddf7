private import Foundation

/// The plot area of a chart, with the grid and the axes around it.
struct ChartFrame: Sendable {
  let left: Double
  let right: Double
  let top: Double
  let bottom: Double
  let horizontal: ChartAxis
  let vertical: ChartAxis
  /// The distance between the ends of both axes' ranges and the frame, so that marks there are not
  /// cut.
  let inset: Double

  /// Creates a frame over the whole width of a chart, with space for the labels of the vertical
  /// axis.
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

  /// The bottom of the horizontal axis's labels.
  var end: Double { bottom + 44 }

  /// Returns the position of a value on the horizontal axis; values outside of its range are
  /// clamped.
  func x(_ value: Double) -> Double {
    left + inset + (right - left - 2 * inset) * horizontal.share(of: value)
  }

  /// Returns the position of a value on the vertical axis; values outside of its range are clamped.
  func y(_ value: Double) -> Double {
    bottom - inset - (bottom - top - 2 * inset) * vertical.share(of: value)
  }

  /// The SVG elements of the grid and the axes.
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
