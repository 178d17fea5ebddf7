internal import ModelIO

/// The trade-off of defenses: clean accuracy over attack success rate.
///
/// The best position is the upper left corner. The suspect is a cross; each repaired model has a
/// shape and a colour.
public struct TradeOffChart: Chart {
  /// The results of a model.
  public struct Point: Sendable, Hashable {
    /// The model's label in the legend.
    public var label: String
    /// The share of triggered images that get the attacker's class, 0 to 1.
    public var attackSuccess: Double
    /// The share of clean images that get their own class, 0 to 1.
    public var cleanAccuracy: Double
    /// The standard deviations of both over seeds; nil with one seed.
    public var deviations: Deviations?
    /// The role of the model, which decides its mark.
    public var role: ChartRole

    /// The standard deviations of a model's results over seeds.
    public struct Deviations: Sendable, Hashable {
      /// The standard deviation of the attack success rate.
      public var attackSuccess: Double
      /// The standard deviation of the clean accuracy.
      public var cleanAccuracy: Double

      /// Creates deviations.
      public init(attackSuccess: Double, cleanAccuracy: Double) {
        self.attackSuccess = attackSuccess
        self.cleanAccuracy = cleanAccuracy
      }
    }

    /// Creates a point.
    public init(
      label: String, attackSuccess: Double, cleanAccuracy: Double, deviations: Deviations? = nil,
      role: ChartRole
    ) {
      self.label = label
      self.attackSuccess = attackSuccess
      self.cleanAccuracy = cleanAccuracy
      self.deviations = deviations
      self.role = role
    }
  }

  /// The heading of the chart.
  public let title: String
  /// A line below the heading; empty for none.
  public let subtitle: String
  /// The models, including the suspect.
  public let points: [Point]
  /// The lowest accuracy that the axis must show.
  private let lowest: Double

  /// Creates a chart.
  ///
  /// - Parameters:
  ///   - title: The heading of the chart.
  ///   - subtitle: A line below the heading; empty for none.
  ///   - points: The models.
  ///   - lowest: The lowest accuracy that the axis must show, which gives several charts the same
  ///     axis; nil: the lowest of `points`.
  public init(title: String, subtitle: String = "", points: [Point], lowest: Double? = nil) {
    self.title = title
    self.subtitle = subtitle
    self.points = points
    self.lowest = lowest ?? Self.lowest(points)
  }

  /// Returns the lowest accuracy of points, less its standard deviation.
  public static func lowest(_ points: [Point]) -> Double {
    points.map { $0.cleanAccuracy - ($0.deviations?.cleanAccuracy ?? 0) }.min() ?? 0
  }

  /// 380 units.
  public var width: Double { 380 }
  /// The height in units, which depends on the legend.
  public var height: Double { frame.end + legend.height + 8 }

  /// The values of every model.
  public var summary: String {
    points.map { point in
      "\(point.label): clean accuracy \(percent(point.cleanAccuracy)), attack success "
        + percent(point.attackSuccess)
    }.joined(separator: "; ") + "."
  }

  private var frame: ChartFrame {
    ChartFrame(
      width: width, height: 230, .shares("Attack success"),
      .shares("Clean accuracy", from: lowest), inset: 8)
  }

  private var legend: ChartLegend {
    ChartLegend(
      entries: points.map { .init(key: .mark($0.role), label: $0.label) }, width: width)
  }

  /// The SVG elements of axes, marks and legend.
  public var content: String {
    let frame = frame
    let spreads = points.compactMap { point -> String? in
      guard let deviations = point.deviations else { return nil }
      let (x, y) = (frame.x(point.attackSuccess), frame.y(point.cleanAccuracy))
      let left = frame.x(point.attackSuccess - deviations.attackSuccess)
      let right = frame.x(point.attackSuccess + deviations.attackSuccess)
      let low = frame.y(point.cleanAccuracy - deviations.cleanAccuracy)
      let high = frame.y(point.cleanAccuracy + deviations.cleanAccuracy)
      let cross = "M\(unit(left)) \(unit(y))H\(unit(right))M\(unit(x)) \(unit(low))V\(unit(high))"
      return "<path d=\"\(cross)\" class=\"spread \(point.role.name)\"/>"
    }
    // The suspect is drawn last, over any repaired model with the same results.
    let ordered = points.filter { $0.role != .suspect } + points.filter { $0.role == .suspect }
    let marks = ordered.map {
      $0.role.mark(frame.x($0.attackSuccess), frame.y($0.cleanAccuracy))
    }
    return ([frame.content] + spreads + marks + [legend.content(at: frame.end)])
      .joined(separator: "\n")
  }
}
