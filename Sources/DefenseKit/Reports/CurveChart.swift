/// The picture of a pruning sweep: accuracy and attack success over the share of channels pruned.
///
/// It is drawn as SVG without scripts or fonts of its own, 860 x 540 units, in colours that
/// colour-blind readers can tell apart (Okabe and Ito, 2008).
public struct CurveChart: Sendable {
  /// A line of the chart.
  struct Series: Sendable {
    let label: String
    let colour: String
    let dash: String?
    let width: Double
    /// The share for every number of pruned channels, 0 to 1.
    let shares: [Double]
  }

  /// A repaired model, marked on the lines.
  struct Mark: Sendable {
    let label: String
    let pruned: Int
  }

  let title: String
  let subtitle: String
  let channels: Int
  let series: [Series]
  let marks: [Mark]

  /// Prepares the chart of one sweep, with the repairs of the same defense marked.
  public init(_ result: Evaluation.CurveResult, repairs: [Repair]) {
    let curve = result.curve
    channels = curve.order.count
    title = "Pruning \(curve.layer) with \(result.defense)"
    let measured = result.replay.isEmpty ? "the defense's clean images" : "the test images"
    subtitle = "\(channels) channels, in order of their mean activation; measured on \(measured)"
    var series = [
      Series(
        label: "Validation accuracy", colour: "#777777", dash: "2 4", width: 2,
        shares: curve.correct.map { share($0, curve.images) })
    ]
    let clean = result.replay.compactMap { $0.clean?.accuracy }
    let attack = result.replay.compactMap { $0.poisoned?.counted.successRate }
    if !clean.isEmpty {
      series.append(
        Series(
          label: "Clean test accuracy", colour: "#0072B2", dash: nil, width: 3, shares: clean))
    }
    if !attack.isEmpty {
      series.append(
        Series(
          label: "Attack success rate", colour: "#D55E00", dash: nil, width: 3, shares: attack))
    }
    self.series = series
    marks = repairs.filter { $0.defense == result.defense && $0.curve == curve }.map {
      Mark(
        label: "\(($0.drop ?? 0).optionText) % drop", pruned: $0.pruned.first?.channels.count ?? 0)
    }
  }

  // The plot's frame within the picture.
  private static let left = 72.0
  private static let right = 828.0
  private static let top = 128.0
  private static let bottom = 452.0

  /// The chart as an SVG document.
  public var svg: String {
    let parts = [header, grid, axes, marksDrawn, lines, legend, "</svg>\n"]
    return parts.joined(separator: "\n")
  }

  private func x(_ pruned: Int) -> Double {
    Self.left + (Self.right - Self.left) * share(pruned, channels)
  }

  private func y(_ share: Double) -> Double { Self.bottom - (Self.bottom - Self.top) * share }

  private var header: String {
    """
    <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 860 540" width="860" height="540" \
    font-family="Helvetica, Arial, 'Liberation Sans', sans-serif" font-size="13" fill="#333333">
    <title>\(escaped(title))</title>
    <rect width="860" height="540" fill="#ffffff"/>
    <text x="72" y="34" font-size="19" font-weight="bold" fill="#111111">\(escaped(title))</text>
    <text x="72" y="54" fill="#666666">\(escaped(subtitle))</text>
    """
  }

  private var grid: String {
    stride(from: 0, through: 100, by: 20).map { percent in
      let height = y(Double(percent) / 100)
      return """
        <path d="M\(f(Self.left)) \(f(height))H\(f(Self.right))" stroke="#e4e4e4"/>
        <text x="\(f(Self.left - 10))" y="\(f(height + 4.5))" text-anchor="end">\(percent) %</text>
        """
    }.joined(separator: "\n")
  }

  private var axes: String {
    let ticks = stride(from: 0, through: 100, by: 10).map { percent in
      let place = Self.left + (Self.right - Self.left) * Double(percent) / 100
      return """
        <path d="M\(f(place)) \(f(Self.bottom))v6" stroke="#333333"/>
        <text x="\(f(place))" y="\(f(Self.bottom + 22))" text-anchor="middle">\(percent) %</text>
        """
    }
    return """
      <path d="M\(f(Self.left)) \(f(Self.bottom))H\(f(Self.right))" stroke="#333333"/>
      \(ticks.joined(separator: "\n"))
      <text x="\(f((Self.left + Self.right) / 2))" y="\(f(Self.bottom + 48))" \
      text-anchor="middle" font-size="14">Share of channels pruned</text>
      """
  }

  private var lines: String {
    series.map { series in
      let points = series.shares.enumerated().map { "\(f(x($0))),\(f(y($1)))" }
      let dash = series.dash.map { " stroke-dasharray=\"\($0)\"" } ?? ""
      let dots = series.dash == nil || self.series.count == 1 ? marks : []
      let drawn = dots.map {
        """
        \n<circle cx="\(f(x($0.pruned)))" cy="\(f(y(series.shares[$0.pruned])))" r="4.5" \
        fill="#ffffff" stroke="\(series.colour)" stroke-width="2.5"/>
        """
      }
      return """
        <polyline points="\(points.joined(separator: " "))" fill="none" \
        stroke="\(series.colour)" stroke-width="\(f(series.width))" stroke-linejoin="round" \
        stroke-linecap="round"\(dash)/>
        """ + drawn.joined()
    }.joined(separator: "\n")
  }

  /// Vertical lines at the repaired models, their labels stepped so that none covers another.
  private var marksDrawn: String {
    let sorted = marks.enumerated().sorted {
      ($0.element.pruned, $0.offset) < ($1.element.pruned, $1.offset)
    }
    var lastEnd: [Double] = []
    let drawn = sorted.map { (_, mark) -> (String, String) in
      let place = x(mark.pruned)
      let text = "\(mark.label): \(mark.pruned)"
      let width = Double(text.count) * 6.4 + 12
      let start = min(max(place - width / 2, Self.left), Self.right - width)
      let row = lastEnd.firstIndex { $0 < start } ?? lastEnd.count
      if row == lastEnd.count {
        lastEnd.append(start + width)
      } else {
        lastEnd[row] = start + width
      }
      let height = Self.top - 10 - Double(row) * 17
      return (
        """
        <path d="M\(f(place)) \(f(height + 4))V\(f(Self.bottom))" stroke="#999999" \
        stroke-dasharray="5 4"/>
        """,
        """
        <text x="\(f(start + width / 2))" y="\(f(height))" text-anchor="middle" font-size="12" \
        stroke="#ffffff" stroke-width="4" paint-order="stroke" fill="#333333">\(escaped(text))</text>
        """
      )
    }
    // All labels lie over all lines.
    return (drawn.map(\.0) + drawn.map(\.1)).joined(separator: "\n")
  }

  private var legend: String {
    let width = 190.0
    return series.enumerated().map { index, series in
      let start = Self.left + Double(index) * width
      let dash = series.dash.map { " stroke-dasharray=\"\($0)\"" } ?? ""
      return """
        <path d="M\(f(start)) 522h26" stroke="\(series.colour)" stroke-width="\(f(series.width))"\(dash)/>
        <text x="\(f(start + 34))" y="526.5">\(series.label)</text>
        """
    }.joined(separator: "\n")
  }
}

/// A coordinate with at most two decimals.
private func f(_ number: Double) -> String { shortText((number * 100).rounded() / 100) }

private func escaped(_ text: String) -> String {
  text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
}
