internal import ModelIO

/// The scores of all classes in a verdict: their distribution, a tick for each class, and the target
/// classes by name.
public struct ClassScoreChart: Chart {
  /// The heading of the chart.
  public let title: String
  /// A line below the heading; empty for none.
  public let subtitle: String
  /// What the scores are.
  public let measure: String
  /// The score of each class; scores that are NaN are left out.
  public let scores: [Double]
  /// The classes held to be target classes, the most suspicious first.
  public let targets: [Int]

  /// Creates a chart.
  public init(
    title: String, subtitle: String = "", measure: String, scores: [Double], targets: [Int]
  ) {
    self.title = title
    self.subtitle = subtitle
    self.measure = measure
    self.scores = scores
    self.targets = targets
  }

  /// Creates the chart of a verdict.
  ///
  /// - Parameters:
  ///   - verdict: The verdict.
  ///   - name: The name of its plugin.
  public init(_ verdict: ModelVerdict, by name: String) {
    self.init(
      title: name,
      subtitle: "statistic \(upToFourDecimals(verdict.statistic)), threshold "
        + upToFourDecimals(verdict.threshold), measure: verdict.measure,
      scores: verdict.classScores, targets: verdict.targets)
  }

  /// 380 units.
  public var width: Double { 380 }
  /// 256 to 276 units.
  public var height: Double { frame.end + legend.height + 8 }

  /// The number of target classes with a mark.
  private static let largestMarks = 8
  /// The number of classes above which they have no ticks.
  private static let largestTicks = 5_000

  private var finite: [Double] { scores.filter(\.isFinite) }
  private var low: Double { finite.min() ?? 0 }
  private var high: Double { finite.max() ?? 0 }

  /// The target classes with a mark: those with a score.
  private var marked: [Int] {
    Array(
      targets.filter { scores.indices.contains($0) && !scores[$0].isNaN }.prefix(Self.largestMarks))
  }

  /// The range and median of the scores, and those of the target classes.
  public var summary: String {
    let sorted = finite.sorted()
    var text = "\(scores.count) classes."
    if let first = sorted.first, let last = sorted.last {
      text +=
        " Scores from \(significant(first)) to \(significant(last)), median "
        + "\(significant(sorted[sorted.count / 2]))."
    }
    if scores.count > sorted.count {
      text += " Scores that are not finite: \(scores.count - sorted.count)."
    }
    let named = marked.map { "class \($0) with \(upToFourDecimals(scores[$0]))" }
    return text
      + (named.isEmpty
        ? " No target class." : " Target classes: \(named.joined(separator: ", ")).")
  }

  /// The share of classes in equal parts of the scores' range.
  private var shares: [Double] {
    let finite = finite
    let count = max(10, min(40, Int(Double(finite.count).squareRoot() * 2)))
    var counts = Array(repeating: 0, count: count)
    // Halved, because the difference of two numbers may overflow.
    let extent = high / 2 - low / 2
    for score in finite {
      let place = extent > 0 ? (score / 2 - low / 2) / extent * Double(count) : 0
      counts[min(count - 1, Int(place))] += 1
    }
    return counts.map { share($0, finite.count) }
  }

  private var frame: ChartFrame {
    ChartFrame(
      width: width, height: 130, .numbers(measure.visible.fitted(50), low, high),
      .shares("Share of classes", upTo: shares.max() ?? 1))
  }

  private var legend: ChartLegend {
    ChartLegend(
      entries: [.init(key: .area, label: "All classes")]
        + (marked.isEmpty ? [] : [.init(key: .mark(Self.role), label: "Target class")]),
      width: width)
  }

  private static let role = ChartRole.repaired(1)

  /// The SVG elements of axes, distribution, ticks, marks and legend.
  public var content: String {
    let frame = frame
    var parts = [
      frame.content, "<path d=\"\(outline(frame))z\" class=\"area series-0\"/>",
    ]
    if scores.count <= Self.largestTicks {
      let places = Set(scores.filter { !$0.isNaN }.map { (frame.x($0) * 10).rounded() }).sorted()
      let ticks = places.map { "M\(unit($0 / 10)) \(unit(frame.bottom))v-6" }
      parts.append("<path d=\"\(ticks.joined())\" class=\"axis\"/>")
    }
    for (row, target) in marked.enumerated() {
      let (x, y) = (frame.x(scores[target]), frame.top + 9 + Double(row) * 15)
      let isLeft = x > (frame.left + frame.right) / 2
      parts.append("<path d=\"M\(unit(x)) \(unit(y))V\(unit(frame.bottom))\" class=\"guide\"/>")
      parts.append(Self.role.mark(x, y))
      parts.append(
        "<text x=\"\(unit(isLeft ? x - 9 : x + 9))\" y=\"\(unit(y + 4))\" "
          + "class=\"halo\(isLeft ? " end" : "")\">class \(target)</text>")
    }
    parts.append(legend.content(at: frame.end))
    return parts.joined(separator: "\n")
  }

  private func outline(_ frame: ChartFrame) -> String {
    let shares = shares
    let range = frame.horizontal.range
    // If all scores are equal, the axis is wider than the distribution, which then covers all of it.
    let isWide = !(low < high)
    let (low, high) = isWide ? (range.lowerBound, range.upperBound) : (low, high)
    func x(_ index: Int) -> Double {
      let part = Double(index) / Double(shares.count)
      return frame.x(low * (1 - part) + high * part)
    }
    var points = [(x: x(0), y: frame.y(0))]
    for (index, share) in shares.enumerated() {
      points += [(x(index), frame.y(share)), (x(index + 1), frame.y(share))]
    }
    return path(points + [(x(shares.count), frame.y(0))])
  }
}
