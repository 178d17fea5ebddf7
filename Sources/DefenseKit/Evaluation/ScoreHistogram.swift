/// The distribution of a detector's scores in bins of equal width.
public struct ScoreHistogram: Sendable, Hashable, Codable {
  /// The lowest finite score, where the first bin begins.
  public var low: Double
  /// The highest finite score, where the last bin ends.
  public var high: Double
  /// The number of test images in each bin.
  public var test: [Int]
  /// The number of poisoned images in each bin.
  public var poisoned: [Int]

  /// Creates a histogram.
  public init(low: Double, high: Double, test: [Int], poisoned: [Int]) {
    self.low = low
    self.high = high
    self.test = test
    self.poisoned = poisoned
  }
}
