internal import ModelIO

/// ROC curves: the share of triggered images flagged over the share of clean ones, for every threshold.
public struct ROCChart: Chart {
  /// A curve.
  public struct Curve: Sendable, Hashable {
    /// What the detector worked with.
    public var label: String
    /// The points from (0, 0) to (1, 1).
    public var points: [ROCPoint]
    /// The area under the curve.
    public var area: Double?
    /// The shares that the detector flagged by its own threshold; nil if they are not known.
    public var decision: ROCPoint?
    /// Whether the detector worked with the suspect alone.
    public var isSuspect: Bool

    /// Creates a curve.
    public init(
      label: String, points: [ROCPoint], area: Double? = nil, decision: ROCPoint? = nil,
      isSuspect: Bool = false
    ) {
      self.label = label
      self.points = points
      self.area = area
      self.decision = decision
      self.isSuspect = isSuspect
    }
  }

  /// The chart's heading.
  public let title: String
  /// A line below it.
  public let subtitle: String
  /// The curves.
  public let curves: [Curve]

  /// The most curves beside the suspect's that a chart can tell apart.
  public static let mostCurves = SeriesStyle.count

  /// Prepares a chart.
  public init(title: String, subtitle: String = "", curves: [Curve]) {
    self.title = title
    self.subtitle = subtitle
    self.curves = curves
  }

  /// 440 units.
  public var width: Double { 440 }
  /// As high as the legend makes it.
  public var height: Double { frame.end + legend.height + 8 }

  /// Each curve's area, and what its detector flagged.
  public var summary: String {
    curves.map { curve in
      var text = curve.label
      if let area = curve.area { text += ": area \(decimals(area, 4))" }
      if let point = curve.decision {
        text +=
          ", flags \(percent(point.truePositives)) of triggered images and "
          + "\(percent(point.falsePositives)) of clean ones"
      }
      return text
    }.joined(separator: "; ") + "."
  }

  private var frame: ChartFrame {
    ChartFrame(
      width: width, height: 300, .shares("Clean images flagged"),
      .shares("Triggered images flagged"), inset: 6)
  }

  private var styled: [(curve: Curve, style: SeriesStyle)] {
    var count = 0
    return curves.map { curve in
      if curve.isSuspect { return (curve, .suspect) }
      defer { count += 1 }
      return (curve, SeriesStyle(index: count))
    }
  }

  private var legend: ChartLegend {
    let entries = styled.map { curve, style in
      ChartLegend.Entry(
        key: .line(style),
        label: curve.label + (curve.area.map { ", area \(decimals($0, 4))" } ?? ""))
    }
    return ChartLegend(entries: entries, width: width)
  }

  /// Axes, the diagonal of guessing, curves, decisions and legend.
  public var content: String {
    let frame = frame
    let guessing = path([(frame.x(0), frame.y(0)), (frame.x(1), frame.y(1))])
    let lines = styled.map { curve, style in
      let points = curve.points.map {
        (x: frame.x($0.falsePositives), y: frame.y($0.truePositives))
      }
      return "<path d=\"\(path(points))\" class=\"line \(style.name)\"/>"
    }
    let marks = styled.compactMap { curve, style in
      curve.decision.map { style.mark(frame.x($0.falsePositives), frame.y($0.truePositives)) }
    }
    return
      ([frame.content, "<path d=\"\(guessing)\" class=\"guide\"/>"] + lines + marks
      + [legend.content(at: frame.end)]).joined(separator: "\n")
  }
}
