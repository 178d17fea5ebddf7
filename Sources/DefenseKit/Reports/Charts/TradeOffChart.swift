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
    /// Whose figures they are.
    public var role: ChartRole

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
      role: ChartRole
    ) {
      self.label = label
      self.attackSuccess = attackSuccess
      self.cleanAccuracy = cleanAccuracy
      self.deviations = deviations
      self.role = role
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

  /// Prepares a chart.
  ///
  /// - Parameters:
  ///   - title: The heading.
  ///   - subtitle: A line below it.
  ///   - points: The places.
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

  /// 380 units.
  public var width: Double { 380 }
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

  private var legend: ChartLegend {
    ChartLegend(
      entries: points.map { .init(key: .mark($0.role), label: $0.label) }, width: width)
  }

  /// Axes, marks and legend.
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
    // The suspect lies above the others: what a defense leaves as it is lies at the same place.
    let ordered = points.filter { $0.role != .suspect } + points.filter { $0.role == .suspect }
    let marks = ordered.map {
      $0.role.mark(frame.x($0.attackSuccess), frame.y($0.cleanAccuracy))
    }
    return ([frame.content] + spreads + marks + [legend.content(at: frame.end)])
      .joined(separator: "\n")
  }
}
