internal import ModelIO

/// ROC curves: the share of triggered images flagged over the share of clean ones, for every
/// threshold.
public struct ROCChart: Chart {
  /// A curve.
  public struct Curve: Sendable, Hashable {
    /// The curve's label in the legend.
    public var label: String
    /// The points from (0, 0) to (1, 1).
    public var points: [ROCPoint]
    /// The area under the curve.
    public var area: Double?
    /// The shares that the detector flagged with its own threshold; nil if unknown.
    public var decision: ROCPoint?
    /// The role of the model, which decides the line.
    public var role: ChartRole

    /// Creates a curve.
    public init(
      label: String, points: [ROCPoint], area: Double? = nil, decision: ROCPoint? = nil,
      role: ChartRole
    ) {
      self.label = label
      self.points = points
      self.area = area
      self.decision = decision
      self.role = role
    }
  }

  /// The heading of the chart.
  public let title: String
  /// A line below the heading; empty for none.
  public let subtitle: String
  /// The curves.
  public let curves: [Curve]

  /// Creates a chart.
  public init(title: String, subtitle: String = "", curves: [Curve]) {
    self.title = title
    self.subtitle = subtitle
    self.curves = curves
  }

  /// 380 units.
  public var width: Double { 380 }
  /// The height in units, which depends on the legend.
  public var height: Double { frame.end + legend.height + 8 }

  /// Each curve's area, and the shares that its detector flagged.
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
      width: width, height: 280, .shares("Clean images flagged"),
      .shares("Triggered images flagged"), inset: 6)
  }

  private var legend: ChartLegend {
    let entries = curves.map { curve in
      ChartLegend.Entry(
        key: .line(curve.role),
        label: curve.label + (curve.area.map { ", area \(decimals($0, 4))" } ?? ""))
    }
    return ChartLegend(entries: entries, width: width)
  }

  /// The SVG elements of axes, the diagonal of guessing, curves, decisions and legend.
  public var content: String {
    let frame = frame
    let guessing = path([(frame.x(0), frame.y(0)), (frame.x(1), frame.y(1))])
    let lines = curves.map { curve in
      let points = curve.points.map {
        (x: frame.x($0.falsePositives), y: frame.y($0.truePositives))
      }
      return "<path d=\"\(path(points))\" class=\"line \(curve.role.name)\"/>"
    }
    let marks = curves.compactMap { curve in
      curve.decision.map { curve.role.mark(frame.x($0.falsePositives), frame.y($0.truePositives)) }
    }
    return
      ([frame.content, "<path d=\"\(guessing)\" class=\"guide\"/>"] + lines + marks
      + [legend.content(at: frame.end)]).joined(separator: "\n")
  }
}
