/// What a method says of a model.
public struct ModelVerdict: Sendable, Hashable {
  /// How much the most suspicious class stands out, in the method's own measure; infinite where the
  /// others do not differ at all.
  public var statistic: Double
  /// The statistic over which the model counts as backdoored.
  public var threshold: Double
  /// How suspicious each class is as the backdoor's target, in the method's own measure.
  public var classScores: [Double]
  /// What the scores are, in a few words.
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

  /// The class with the largest score, the first among equals: the backdoor's target, if there is one.
  public var suspect: Int {
    classScores.indices.max { (classScores[$0], -$0) < (classScores[$1], -$1) } ?? 0
  }
}

extension ModelVerdict {
  /// The verdict as an object; an infinite statistic is null.
  public var json: JSON {
    [
      "backdoored": .bool(isBackdoored), "class": .int(suspect), "statistic": .number(statistic),
      "threshold": .number(threshold), "measure": .string(measure),
      "scores": .array(classScores.map { .number($0) }),
    ]
  }
}
