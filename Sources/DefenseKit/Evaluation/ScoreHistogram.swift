/// How a detector's scores are distributed.
public struct ScoreHistogram: Sendable, Hashable, Codable {
  /// The lowest finite score, where the first part begins.
  public var low: Double
  /// The highest finite score, where the last part ends.
  public var high: Double
  /// The number of clean images in every part.
  public var clean: [Int]
  /// The number of poisoned images in every part.
  public var poisoned: [Int]

  /// Creates a histogram.
  public init(low: Double, high: Double, clean: [Int], poisoned: [Int]) {
    self.low = low
    self.high = high
    self.clean = clean
    self.poisoned = poisoned
  }
}
