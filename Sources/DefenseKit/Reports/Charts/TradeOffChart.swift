internal import ModelIO

/// What defenses make of a model: its accuracy on clean images over the attack's success.
///
/// The best place is at the top on the left. The suspect is a cross; a defense has a shape and a colour.
public struct TradeOffChart: Chart {
  /// A model's place.
  public struct Point: Sendable, Hashable {
    /// What was done about the model.
    public var label: String
    /// The share of triggered images that get the attacker's class, 0 to 1.
    public var attackSuccess: Double
    /// The share of clean images that get their class, 0 to 1.
    public var cleanAccuracy: Double
    /// The standard deviations of both over seeds; nil with one seed.
    public var deviations: Deviations?
    /// Whether it is the suspect itself.
    public var isSuspect: Bool

    /// How far a place varies with the seed.
    public struct Deviations: Sendable, Hashable {
      /// That of the attack success.
      public var attackSuccess: Double
      /// That of the clean accuracy.
      public var cleanAccuracy: Double

      /// Creates deviations.
      public init(attackSuccess: Double, cleanAccuracy: Double) {
        self.attackSuccess = attackSuccess
        self.cleanAccuracy = cleanAccuracy
      }
    }

    /// Creates a place.
    public init(
      label: String, attackSuccess: Double, cleanAccuracy: Double, deviations: Deviations? = nil,
      isSuspect: Bool = false
    ) {
      self.label = label
      self.attackSuccess = attackSuccess
      self.cleanAccuracy = cleanAccuracy
      self.deviations = deviations
      self.isSuspect = isSuspect
    }
  }

  /// The chart's heading.
  public let title: String
  /// A line below it.
  public let subtitle: String
  /// The places, the suspect's among them.
  public let points: [Point]
  /// The lowest accuracy that the axis has to show.
  private let lowest: Double

  /// The most places beside the suspect that a chart can tell apart.
  public static let mostPoints = SeriesStyle.count

  /// Prepares a chart.
  ///
  /// - Parameters:
  ///   - title: The heading.
  ///   - subtitle: A line below it.
  ///   - points: The places; at most ``mostPoints`` beside the suspect's look different.
  ///   - lowest: The lowest accuracy that the axis has to show, so that several charts can have the same
  ///     one; if not given, the places'.
  public init(title: String, subtitle: String = "", points: [Point], lowest: Double? = nil) {
    self.title = title
    self.subtitle = subtitle
    self.points = points
    self.lowest = lowest ?? Self.lowest(points)
  }

  /// Returns the lowest accuracy among places, their spread included.
  public static func lowest(_ points: [Point]) -> Double {
    points.map { $0.cleanAccuracy - ($0.deviations?.cleanAccuracy ?? 0) }.min() ?? 0
  }

  /// 440 units.
  public var width: Double { 440 }
  /// As high as the legend makes it.
  public var height: Double { frame.end + legend.height + 8 }

  /// Every place with its figures.
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

  private var styled: [(point: Point, style: SeriesStyle)] {
    var count = 0
    return points.map { point in
      if point.isSuspect { return (point, .suspect) }
      defer { count += 1 }
      return (point, SeriesStyle(index: count))
    }
  }

  private var legend: ChartLegend {
    ChartLegend(
      entries: styled.map { .init(key: .mark($0.style), label: $0.point.label) }, width: width)
  }

  /// Axes, marks and legend.
  public var content: String {
    let frame = frame
    let spreads = styled.compactMap { point, style -> String? in
      guard let deviations = point.deviations else { return nil }
      let (x, y) = (frame.x(point.attackSuccess), frame.y(point.cleanAccuracy))
      let left = frame.x(point.attackSuccess - deviations.attackSuccess)
      let right = frame.x(point.attackSuccess + deviations.attackSuccess)
      let low = frame.y(point.cleanAccuracy - deviations.cleanAccuracy)
      let high = frame.y(point.cleanAccuracy + deviations.cleanAccuracy)
      let cross = "M\(unit(left)) \(unit(y))H\(unit(right))M\(unit(x)) \(unit(low))V\(unit(high))"
      return "<path d=\"\(cross)\" class=\"spread \(style.name)\"/>"
    }
    // The suspect lies above the others: what a defense leaves as it is lies at the same place.
    let ordered = styled.filter { !$0.point.isSuspect } + styled.filter { $0.point.isSuspect }
    let marks = ordered.map {
      $0.style.mark(frame.x($0.point.attackSuccess), frame.y($0.point.cleanAccuracy))
    }
    return ([frame.content] + spreads + marks + [legend.content(at: frame.end)])
      .joined(separator: "\n")
  }
}
