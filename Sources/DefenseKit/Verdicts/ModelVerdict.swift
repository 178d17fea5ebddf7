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

  /// Creates a verdict.
  public init(statistic: Double, threshold: Double, classScores: [Double], measure: String) {
    self.statistic = statistic
    self.threshold = threshold
    self.classScores = classScores
    self.measure = measure
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
    ]
  }
}

extension ModelVerdict {
  private enum CodingKeys: String, CodingKey {
    case statistic, threshold, classScores, measure
  }

  /// Decodes a verdict; a missing statistic is infinite.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      statistic: try values.decodeIfPresent(Double.self, forKey: .statistic) ?? .infinity,
      threshold: try values.decode(Double.self, forKey: .threshold),
      classScores: try values.decode([Double].self, forKey: .classScores),
      measure: try values.decode(String.self, forKey: .measure))
  }

  /// Encodes the verdict without an infinite statistic, which JSON cannot represent.
  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: CodingKeys.self)
    if statistic.isFinite { try values.encode(statistic, forKey: .statistic) }
    try values.encode(threshold, forKey: .threshold)
    try values.encode(classScores, forKey: .classScores)
    try values.encode(measure, forKey: .measure)
  }
}
