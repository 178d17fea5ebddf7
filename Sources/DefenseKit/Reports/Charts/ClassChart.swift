internal import ModelIO

/// The accuracy of models on each class of clean images.
///
/// Up to 40 classes are listed vertically, with one mark for every model. With more classes, each
/// model is a line from its worst class to its best.
public struct ClassChart: Chart {
  /// The accuracies of a model.
  public struct Series: Sendable, Hashable {
    /// The model's label in the legend.
    public var label: String
    /// `counts[c]`: counts over the images of class c.
    public var counts: [ClassCounts]
    /// The role of the model, which decides its marks.
    public var role: ChartRole

    /// Creates a series.
    public init(label: String, counts: [ClassCounts], role: ChartRole) {
      self.label = label
      self.counts = counts
      self.role = role
    }

    /// The classes that have images with their accuracies, the worst first.
    fileprivate var ranked: [(label: Int, accuracy: Double)] {
      counts.enumerated().filter { $0.element.images > 0 }
        .map { (label: $0.offset, accuracy: $0.element.accuracy) }
        .sorted { ($0.accuracy, $0.label) < ($1.accuracy, $1.label) }
    }
  }

  /// The heading of the chart.
  public let title: String
  /// A line below the heading; empty for none.
  public let subtitle: String
  /// The models.
  public let series: [Series]

  /// The maximum number of classes that are listed vertically.
  public static let maximumRows = 40
  /// The maximum number of points of a line.
  private static let linePoints = 200

  /// Creates a chart.
  public init(title: String, subtitle: String = "", series: [Series]) {
    self.title = title
    self.subtitle = subtitle
    self.series = series
  }

  /// 380 units.
  public var width: Double { 380 }
  /// The height in units, which depends on the number of classes and on the legend.
  public var height: Double { frame.end + legend.height + 8 }

  private var classCount: Int { series.map(\.counts.count).max() ?? 0 }
  private var isRanked: Bool { classCount > Self.maximumRows }

  /// Each model's three worst classes, its best class and its mean accuracy.
  public var summary: String {
    series.map { series in
      let ranked = series.ranked
      guard let best = ranked.last else { return "\(series.label): no images." }
      let mean = ranked.reduce(0) { $0 + $1.accuracy } / Double(ranked.count)
      let worst = ranked.prefix(3).map { "class \($0.label) \(percent($0.accuracy))" }
      return "\(series.label): worst \(worst.joined(separator: ", ")); best class \(best.label) "
        + "\(percent(best.accuracy)); mean of \(ranked.count) classes \(percent(mean))."
    }.joined(separator: " ")
  }

  private var frame: ChartFrame {
    let lowest = series.compactMap { $0.ranked.first?.accuracy }.min() ?? 0
    let accuracy = ChartAxis.shares("Accuracy", from: lowest)
    if isRanked {
      return ChartFrame(
        width: width, height: 230, .shares("Classes, from worst to best for each model"),
        accuracy)
    }
    let rows = max(1, classCount)
    let classes = ChartAxis(
      title: "Class", range: -0.5...(Double(rows) - 0.5), ticks: (0..<rows).map { Double($0) },
      isShare: false, isReversed: true)
    return ChartFrame(width: width, height: Double(rows) * 22, accuracy, classes)
  }

  private var legend: ChartLegend {
    let entries = series.map { series in
      ChartLegend.Entry(
        key: isRanked ? .line(series.role) : .mark(series.role), label: series.label)
    }
    return ChartLegend(entries: entries, width: width)
  }

  /// The SVG elements of axes, marks or lines, and legend.
  public var content: String {
    let frame = frame
    let drawn = series.enumerated().map { position, series in
      isRanked ? Self.line(series, frame) : marks(series, position, frame)
    }
    return ([frame.content] + drawn + [legend.content(at: frame.end)]).joined(separator: "\n")
  }

  /// Returns a model's marks, shifted slightly up or down from those of other models.
  private func marks(_ series: Series, _ position: Int, _ frame: ChartFrame) -> String {
    let count = Double(self.series.count)
    let offset = (Double(position) - (count - 1) / 2) * 0.6 / max(count, 4)
    return series.ranked.sorted { $0.label < $1.label }.map {
      series.role.mark(frame.x($0.accuracy), frame.y(Double($0.label) + offset))
    }.joined(separator: "\n")
  }

  /// Returns a model's line from its worst class to its best.
  private static func line(_ series: Series, _ frame: ChartFrame) -> String {
    let ranked = series.ranked
    let count = min(ranked.count, linePoints)
    let points = (0..<count).map { index -> (x: Double, y: Double) in
      let place = count > 1 ? index * (ranked.count - 1) / (count - 1) : 0
      return (frame.x(share(place, ranked.count - 1)), frame.y(ranked[place].accuracy))
    }
    return "<path d=\"\(path(points))\" class=\"line \(series.role.name)\"/>"
  }
}
