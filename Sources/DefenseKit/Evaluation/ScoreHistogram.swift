/// The distribution of a detector's scores in bins of equal width.
public struct ScoreHistogram: Sendable, Hashable, Codable {
  /// The lowest finite score, where the first bin begins.
  public var low: Double
  /// The highest finite score, where the last bin ends.
  public var high: Double
  /// The number of clean images in each bin.
  public var clean: [Int]
  /// The number of poisoned images in each bin.
  public var poisoned: [Int]

  /// Creates a histogram.
  public init(low: Double, high: Double, clean: [Int], poisoned: [Int]) {
    self.low = low
    self.high = high
    self.clean = clean
    self.poisoned = poisoned
  }
}
