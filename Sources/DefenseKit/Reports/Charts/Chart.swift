/// A chart, drawn as SVG without scripts or embedded fonts.
///
/// Screen readers read ``title`` and ``summary``. The colours suit colour-blind readers (Okabe and
/// Ito, 2008, darkened or lightened for contrast with the background), and colour is never the only
/// difference: lines have dashes, and marks have shapes.
public protocol Chart: Sendable {
  /// The heading of the chart.
  var title: String { get }
  /// A line below the heading; empty for none.
  var subtitle: String { get }
  /// The values in words.
  var summary: String { get }
  /// The width in SVG units, one pixel each.
  var width: Double { get }
  /// The height in SVG units.
  var height: Double { get }
  /// The SVG elements below the heading.
  var content: String { get }
}

extension Chart {
  /// The chart as a standalone SVG document, dark on white.
  public var svg: String {
    """
    <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(unit(width)) \(unit(height))" \
    width="\(unit(width))" height="\(unit(height))" class="chart" role="img" \
    aria-labelledby="title summary">
    <title id="title">\(title.markup)</title>
    <desc id="summary">\(summary.markup)</desc>
    <style>
    \(ChartStyle.fileRules)</style>
    <rect width="\(unit(width))" height="\(unit(height))" class="ground"/>
    \(heading)
    \(content)
    </svg>

    """
  }

  /// The chart as an element of an HTML page whose style sheet has ``ChartStyle/pageRules``.
  ///
  /// - Parameter id: A prefix that makes the ids of title and summary unique in the page.
  package func element(id: String) -> String {
    """
    <svg viewBox="0 0 \(unit(width)) \(unit(height))" class="chart" role="img" \
    aria-labelledby="\(id.markup)-title \(id.markup)-summary">
    <title id="\(id.markup)-title">\(title.markup)</title>
    <desc id="\(id.markup)-summary">\(summary.markup)</desc>
    \(heading)
    \(content)
    </svg>
    """
  }

  private var heading: String {
    let title = drawn(title, width - 24, size: 15)
    var lines = ["<text x=\"12\" y=\"22\" class=\"title\">\(title)</text>"]
    if !subtitle.isEmpty {
      lines.append("<text x=\"12\" y=\"41\" class=\"muted\">\(drawn(subtitle, width - 24))</text>")
    }
    return lines.joined(separator: "\n")
  }
}

/// Returns a length or coordinate with at most one decimal.
func unit(_ number: Double) -> String { shortText((number * 10).rounded() / 10) }

/// Returns the approximate width of a text in the fonts that a chart may be shown in.
func textWidth(_ text: String, size: Double = 12) -> Double {
  Double(text.terminalWidth) * size * 0.56
}

/// Returns a text as markup that fits a width; "…" replaces a cut end.
func drawn(_ text: String, _ width: Double, size: Double = 12) -> String {
  text.visible.fitted(max(1, Int(width / (size * 0.56)))).markup
}

/// Returns the SVG path through points, in tenths of a pixel, without the inner points of straight
/// segments.
func path(_ points: [(x: Double, y: Double)]) -> String {
  var places: [(x: Int, y: Int)] = []
  for point in points {
    let place = (x: Int((point.x * 10).rounded()), y: Int((point.y * 10).rounded()))
    guard let last = places.last else {
      places.append(place)
      continue
    }
    if place == last { continue }
    if places.count > 1 {
      let before = places[places.count - 2]
      let (a, b) = ((last.x - before.x, last.y - before.y), (place.x - last.x, place.y - last.y))
      if a.0 * b.1 == a.1 * b.0, a.0 * b.0 + a.1 * b.1 > 0 { places.removeLast() }
    }
    places.append(place)
  }
  guard var last = places.first else { return "" }
  func tenths(_ number: Int) -> String { unit(Double(number) / 10) }
  var text = "M\(tenths(last.x)) \(tenths(last.y))"
  for place in places.dropFirst() {
    let (right, down) = (place.x - last.x, place.y - last.y)
    if down == 0 {
      text += "h\(tenths(right))"
    } else if right == 0 {
      text += "v\(tenths(down))"
    } else {
      text += "l\(tenths(right)) \(tenths(down))"
    }
    last = place
  }
  return text
}
