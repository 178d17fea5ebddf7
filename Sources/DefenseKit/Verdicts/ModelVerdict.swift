public import ModelIO

/// A model scanner's answer for a model.
public struct ModelVerdict: Codable, Sendable, Hashable {
  /// How much the most suspicious class stands out, in the method's own measure; infinite if the
  /// other classes do not vary.
  public var statistic: Double
  /// The threshold: a model with a larger statistic counts as backdoored.
  public var threshold: Double
  /// `classScores[c]`: how suspicious class c is as the target class, in the method's own measure.
  public var classScores: [Double]
  /// A short description of the scores.
  public var measure: String
  /// The classes held to be target classes, the most suspicious first; empty unless the model counts
  /// as backdoored.
  public var targets: [Int]
  /// The triggers found, each with the target class that it leads to; empty if the method looks for
  /// none or found none. Records of comparisons leave them out.
  public var triggers: [Trigger]
  /// What limits the verdict, for example a search cut short; each a sentence without a full stop.
  public var notes: [String]

  /// Creates a verdict.
  ///
  /// - Parameters:
  ///   - statistic: How much the most suspicious class stands out.
  ///   - threshold: The statistic above which the model counts as backdoored.
  ///   - classScores: A score for each class.
  ///   - measure: A short description of the scores.
  ///   - targets: The classes held to be target classes; nil: ``topClass`` if the statistic exceeds
  ///     the threshold, else none.
  ///   - triggers: The triggers found.
  ///   - notes: What limits the verdict.
  public init(
    statistic: Double, threshold: Double, classScores: [Double], measure: String,
    targets: [Int]? = nil, triggers: [Trigger] = [], notes: [String] = []
  ) {
    self.statistic = statistic
    self.threshold = threshold
    self.classScores = classScores
    self.measure = measure
    self.targets = targets ?? []
    self.triggers = triggers
    self.notes = notes
    if targets == nil, isBackdoored { self.targets = [topClass] }
  }

  /// Whether the model counts as backdoored.
  public var isBackdoored: Bool { statistic > threshold }

  /// The class with the largest score, the lowest among equals: the target class, if the model is
  /// backdoored.
  public var topClass: Int {
    classScores.indices.max { (classScores[$0], -$0) < (classScores[$1], -$1) } ?? 0
  }
}

extension ModelVerdict {
  /// The classes in descending order of score, the lowest first among equals.
  public var ranking: [Int] {
    classScores.indices.sorted { (classScores[$1], $0) < (classScores[$0], $1) }
  }

  /// The verdict as a JSON object; an infinite statistic is null.
  public var json: JSON { .object(members) }

  var members: [JSON.Member] {
    [
      .init("backdoored", .bool(isBackdoored)), .init("class", .int(topClass)),
      .init("statistic", .number(statistic)), .init("threshold", .number(threshold)),
      .init("measure", .string(measure)),
      .init("scores", .array(classScores.map { .number($0) })),
      .init("targets", .array(targets.map { .int($0) })),
    ] + (triggers.isEmpty ? [] : [.init("triggers", .array(triggers.map(\.summary)))])
      + (notes.isEmpty ? [] : [.init("notes", .array(notes.map { .string($0) }))])
  }
}

extension Trigger {
  /// A found trigger in a verdict's JSON: target class, and opacity as a share of the image.
  fileprivate var summary: JSON {
    ["class": .int(goal.target), "area": area.map { .number($0) } ?? .null]
  }

  /// The mean opacity of an overlay, 0 to 1; nil for another change.
  package var area: Double? {
    guard case .overlay(_, let alpha) = change else { return nil }
    return alpha.reduce(0) { $0 + Double($1) } / Double(alpha.count)
  }
}

extension ModelVerdict {
  private enum CodingKeys: String, CodingKey {
    case statistic, threshold, classScores, measure, targets, notes
  }

  /// Decodes a verdict without triggers; a missing statistic is infinite.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      statistic: try values.decodeIfPresent(Double.self, forKey: .statistic) ?? .infinity,
      threshold: try values.decode(Double.self, forKey: .threshold),
      classScores: try values.decode([Double].self, forKey: .classScores),
      measure: try values.decode(String.self, forKey: .measure),
      targets: try values.decodeIfPresent([Int].self, forKey: .targets),
      notes: try values.decodeIfPresent([String].self, forKey: .notes) ?? [])
  }

  /// Encodes the verdict without its triggers, and without an infinite statistic, which JSON cannot
  /// represent.
  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: CodingKeys.self)
    if statistic.isFinite { try values.encode(statistic, forKey: .statistic) }
    try values.encode(threshold, forKey: .threshold)
    try values.encode(classScores, forKey: .classScores)
    try values.encode(measure, forKey: .measure)
    try values.encode(targets, forKey: .targets)
    if !notes.isEmpty { try values.encode(notes, forKey: .notes) }
  }
}
