/// The legend of a chart's marks and lines, in rows below it.
struct ChartLegend: Sendable {
  /// The symbol of an entry.
  enum Key: Sendable {
    case line(ChartRole)
    case mark(ChartRole)
    /// A filled area.
    case area
    /// A thick unfilled outline.
    case outline
    /// A thin dotted line.
    case dotted
  }

  struct Entry: Sendable {
    let key: Key
    let label: String
  }

  let entries: [Entry]
  /// The chart's width.
  let width: Double

  private static let rowHeight = 20.0
  private static let keyWidth = 32.0
  private static let gap = 18.0

  /// The position of each entry: its left end and its row.
  private var places: [(x: Double, row: Int)] {
    var (x, row) = (12.0, 0)
    return entries.map { entry in
      let space = Self.keyWidth + min(textWidth(entry.label.visible), labelWidth)
      if x > 12, x + space > width - 12 { (x, row) = (12, row + 1) }
      defer { x += space + Self.gap }
      return (x, row)
    }
  }

  private var labelWidth: Double { width - 24 - Self.keyWidth }

  /// The height of the legend.
  var height: Double { entries.isEmpty ? 0 : Double((places.last?.row ?? 0) + 1) * Self.rowHeight }

  /// Returns the SVG elements of the legend, with its upper edge at `top`.
  func content(at top: Double) -> String {
    zip(entries, places).map { entry, place in
      let y = top + Double(place.row) * Self.rowHeight + Self.rowHeight / 2
      let label = drawn(entry.label, labelWidth)
      return Self.key(entry.key, place.x, y)
        + "<text x=\"\(unit(place.x + Self.keyWidth))\" y=\"\(unit(y + 4))\">\(label)</text>"
    }.joined(separator: "\n")
  }

  private static func key(_ key: Key, _ x: Double, _ y: Double) -> String {
    let line = "<path d=\"M\(unit(x)) \(unit(y))h26\" class="
    return switch key {
    case .line(let role): line + "\"line \(role.name)\"/>"
    case .dotted: line + "\"line dotted\"/>"
    case .mark(let role): role.mark(x + 13, y)
    case .outline: line + "\"outline series-1\"/>"
    case .area:
      "<path d=\"M\(unit(x + 3)) \(unit(y + 5))v-10h20v10z\" class=\"area series-0\"/>"
    }
  }
}
