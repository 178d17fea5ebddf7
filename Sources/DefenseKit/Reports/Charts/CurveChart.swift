internal import ModelIO

/// A pruning sweep: accuracy and attack success rate over the share of channels pruned.
public struct CurveChart: Chart {
  /// A line of the chart.
  struct Series: Sendable {
    let label: String
    /// The appearance of the line; nil for a thin dotted line.
    let role: ChartRole?
    /// The share for every number of pruned channels, 0 to 1.
    let shares: [Double]
  }

  /// A repaired model, marked on the lines.
  public struct Mark: Sendable, Hashable {
    /// Distinguishes the repaired model from others of the sweep.
    public var label: String
    /// The number of pruned channels.
    public var pruned: Int

    /// Creates a mark.
    public init(label: String, pruned: Int) {
      self.label = label
      self.pruned = pruned
    }
  }

  /// The heading of the chart.
  public let title: String
  /// The number of channels, and the images of the results.
  public let subtitle: String
  /// 860 units, or 380 in a comparison.
  public let width: Double
  let channels: Int
  let series: [Series]
  let marks: [Mark]

  /// Creates the chart of one sweep, with the repairs of the same defense marked.
  public init(_ result: Evaluation.CurveResult, repairs: [Repair]) {
    let curve = result.curve
    self.init(
      title: "Pruning \(curve.layer) with \(result.defense)", width: 860,
      curve: ComparisonRecord.Curve(result),
      marks: repairs.filter { $0.defense == result.defense && $0.curve == curve }.map {
        Mark(
          label: "\(($0.drop ?? 0).optionText) % drop",
          pruned: $0.pruned.first?.channels.count ?? 0)
      })
  }

  /// Creates the chart of a sweep in a comparison.
  public init(
    title: String, width: Double = 380, curve: ComparisonRecord.Curve, marks: [Mark] = []
  ) {
    self.title = title
    self.width = width
    channels = curve.order.count
    self.marks = marks.filter { (0...curve.order.count).contains($0.pruned) }
    let isReplayed = !curve.test.isEmpty || !curve.poisoned.isEmpty
    subtitle =
      "\(channels) channels of \(curve.layer), on "
      + (isReplayed ? "test images" : "the defense's clean images")
    var series = [
      Series(label: "Accuracy (clean)", role: nil, shares: curve.clean),
      Series(label: "Accuracy (test)", role: .repaired(0), shares: curve.test),
      Series(label: "Attack success rate", role: .repaired(1), shares: curve.poisoned),
    ]
    series.removeAll { $0.shares.isEmpty }
    self.series = series
  }

  /// The height in units, which depends on the marks and on the legend.
  public var height: Double { frame.end + legend.height + 8 }

  /// The values of the unpruned network and of every repaired model.
  public var summary: String {
    let places = [Mark(label: "unpruned", pruned: 0)] + marks
    return places.map { place in
      let figures = series.compactMap { series in
        series.shares.indices.contains(place.pruned)
          ? "\(series.label.lowercased()) \(percent(series.shares[place.pruned]))" : nil
      }
      let name = place.pruned == 0 ? place.label : "\(place.label), \(place.pruned) channels"
      return "\(name): \(figures.joined(separator: ", "))"
    }.joined(separator: "; ") + "."
  }

  private var isWide: Bool { width > 600 }

  private var frame: ChartFrame {
    let ticks = stride(from: 0, through: 10, by: isWide ? 1 : 2).map { Double($0) / 10 }
    let rows = (labels(left: 62).map(\.row).max() ?? -1) + 1
    return ChartFrame(
      width: width, top: 74 + 17 * Double(rows), height: isWide ? 324 : 230,
      ChartAxis(title: "Share of channels pruned", range: 0...1, ticks: ticks),
      ChartAxis(
        title: "Share of images", range: 0...1, ticks: (0...5).map { Double($0) / 5 }))
  }

  private var legend: ChartLegend {
    ChartLegend(
      entries: series.map { .init(key: $0.role.map { .line($0) } ?? .dotted, label: $0.label) },
      width: width)
  }

  /// The SVG elements of axes, repaired models, lines and legend.
  public var content: String {
    let frame = frame
    let lines = series.map { series in
      let points = series.shares.enumerated().map {
        (x: frame.x(share($0.offset, channels)), y: frame.y($0.element))
      }
      return "<path d=\"\(path(points))\" class=\"line \(series.role?.name ?? "dotted")\"/>"
    }
    let marked = series.filter { $0.role != nil || self.series.count == 1 }.flatMap { series in
      marks.filter { series.shares.indices.contains($0.pruned) }.map { mark in
        (series.role ?? .repaired(0)).mark(
          frame.x(share(mark.pruned, channels)), frame.y(series.shares[mark.pruned]))
      }
    }
    return
      ([frame.content] + guides(frame) + lines + marked + [legend.content(at: frame.end)])
      .joined(separator: "\n")
  }

  /// The label of a repaired model, with its centre and its row above the frame.
  private struct Label {
    let mark: Mark
    let text: String
    let middle: Double
    let row: Int
  }

  /// Returns the labels, in rows so that no two overlap.
  private func labels(left: Double) -> [Label] {
    let right = width - 20
    var ends: [Double] = []
    let sorted = marks.enumerated().sorted {
      ($0.element.pruned, $0.offset) < ($1.element.pruned, $1.offset)
    }
    return sorted.map { _, mark in
      let text = "\(mark.label.visible): \(mark.pruned)".fitted(40)
      let size = textWidth(text) + 12
      let place = left + (right - left) * share(mark.pruned, channels)
      let start = min(max(place - size / 2, left - 20), right - size)
      let row = ends.firstIndex { $0 < start } ?? ends.count
      if row == ends.count { ends.append(start + size) } else { ends[row] = start + size }
      return Label(mark: mark, text: text, middle: start + size / 2, row: row)
    }
  }

  /// Returns vertical lines at the repaired models, and their labels drawn over all lines.
  private func guides(_ frame: ChartFrame) -> [String] {
    let labels = labels(left: frame.left)
    func top(_ label: Label) -> Double { frame.top - 10 - Double(label.row) * 17 }
    let lines = labels.map { label in
      let x = frame.x(share(label.mark.pruned, channels))
      let line = "M\(unit(x)) \(unit(top(label) + 4))V\(unit(frame.bottom))"
      return "<path d=\"\(line)\" class=\"guide\"/>"
    }
    let texts = labels.map { label in
      "<text x=\"\(unit(label.middle))\" y=\"\(unit(top(label)))\" class=\"middle halo\">"
        + "\(label.text.markup)</text>"
    }
    return lines + texts
  }
}
