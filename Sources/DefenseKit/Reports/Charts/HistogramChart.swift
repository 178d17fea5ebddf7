internal import ModelIO

/// The distributions of a detector's scores of test and of poisoned images, drawn over each
/// other.
///
/// Test images are a pale area and poisoned ones a thick line, which differ in black and white
/// too.
public struct HistogramChart: Chart {
  /// The heading of the chart.
  public let title: String
  /// A line below the heading; empty for none.
  public let subtitle: String
  /// The distributions of the scores.
  public let histogram: ScoreHistogram

  /// Creates a chart.
  public init(title: String, subtitle: String = "", _ histogram: ScoreHistogram) {
    self.title = title
    self.subtitle = subtitle
    self.histogram = histogram
  }

  /// 380 units.
  public var width: Double { 380 }
  /// 276 units.
  public var height: Double { frame.end + legend.height + 8 }

  private var test: [Double] { Self.shares(histogram.test) }
  private var poisoned: [Double] { Self.shares(histogram.poisoned) }

  private static func shares(_ counts: [Int]) -> [Double] {
    let all = counts.reduce(0, +)
    return counts.map { share($0, all) }
  }

  /// The median and the quartiles of each kind's scores.
  public var summary: String {
    "Scores from \(significant(histogram.low)) to \(significant(histogram.high)). "
      + [("test", histogram.test), ("poisoned", histogram.poisoned)].map { kind, counts in
        guard let quarter = bound(counts, 0.25), let half = bound(counts, 0.5),
          let three = bound(counts, 0.75)
        else { return "No \(kind) images." }
        return
          "\(counts.reduce(0, +)) \(kind) images: median score about \(significant(half)), "
          + "quartiles about \(significant(quarter)) and \(significant(three))."
      }.joined(separator: " ")
  }

  /// Returns the centre of the bin that contains a quantile.
  private func bound(_ counts: [Int], _ part: Double) -> Double? {
    let goal = part * Double(counts.reduce(0, +))
    guard goal > 0 else { return nil }
    var sum = 0
    let index = counts.firstIndex { count in
      sum += count
      return Double(sum) >= goal
    }
    return index.map {
      Self.between(histogram.low, histogram.high, (Double($0) + 0.5) / Double(counts.count))
    }
  }

  /// Interpolates between two numbers whose difference may overflow.
  private static func between(_ low: Double, _ high: Double, _ part: Double) -> Double {
    low * (1 - part) + high * part
  }

  private var frame: ChartFrame {
    ChartFrame(
      width: width, height: 130,
      .numbers("Score (higher is more suspicious)", histogram.low, histogram.high),
      .shares("Share of images", upTo: (test + poisoned).max() ?? 1))
  }

  private var legend: ChartLegend {
    ChartLegend(
      entries: [
        .init(key: .area, label: "Test images"),
        .init(key: .outline, label: "Poisoned images"),
      ], width: width)
  }

  /// The SVG elements of axes, both distributions and legend.
  public var content: String {
    let frame = frame
    return [
      frame.content, "<path d=\"\(outline(test, frame))z\" class=\"area series-0\"/>",
      "<path d=\"\(outline(poisoned, frame))\" class=\"outline series-1\"/>",
      legend.content(at: frame.end),
    ].joined(separator: "\n")
  }

  private func outline(_ shares: [Double], _ frame: ChartFrame) -> String {
    let range = frame.horizontal.range
    func x(_ index: Int) -> Double {
      // If all scores are equal, the axis is wider than the bins, which then cover all of it.
      let isWide = !(histogram.low < histogram.high)
      let low = isWide ? range.lowerBound : histogram.low
      let high = isWide ? range.upperBound : histogram.high
      return frame.x(Self.between(low, high, Double(index) / Double(max(1, shares.count))))
    }
    var points = [(x: x(0), y: frame.y(0))]
    for (index, share) in shares.enumerated() {
      points += [(x(index), frame.y(share)), (x(index + 1), frame.y(share))]
    }
    return path(points + [(x(shares.count), frame.y(0))])
  }
}
