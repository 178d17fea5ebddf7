/// A score above which an image is flagged, set on clean images.
public struct DetectionThreshold: Sendable, Hashable {
  /// The largest score that is not flagged.
  public var value: Float
  /// The number of clean images that it was set on.
  public var images: Int
  /// The number of these that are flagged.
  public var flagged: Int

  /// Creates a threshold of given counts.
  public init(value: Float, images: Int, flagged: Int) {
    self.value = value
    self.images = images
    self.flagged = flagged
  }

  /// Sets the smallest threshold that at most a share of clean images exceeds.
  ///
  /// Of n scores, at most k may lie strictly above it, with k the largest integer for which
  /// k / n <= `alarms`: the threshold is the (k + 1)-th largest score. With `alarms` under 1 / n it
  /// is the largest. NaN, the score of an undefined image, counts as infinite and is always flagged;
  /// with more than k of them the threshold is infinite.
  ///
  /// - Parameters:
  ///   - scores: The scores of the clean images, in any order; at least one.
  ///   - alarms: The share of images that may be flagged, 0 to under 1.
  public init(of scores: [Float], alarms: Double) {
    let count = scores.count
    precondition(count > 0 && alarms >= 0 && alarms < 1, "\(alarms) of \(count) scores")
    // Quotients are compared, because products are rounded: 0.29 * 100 is under 29.
    var allowed = Int(alarms * Double(count)) + 1
    while Double(allowed) / Double(count) > alarms { allowed -= 1 }
    let sorted = scores.map { $0.isNaN ? .infinity : $0 }.sorted()
    let value = sorted[count - 1 - allowed]
    self.init(
      value: value, images: count, flagged: scores.count { Self.isAbove($0, value) })
  }

  /// Whether an image with this score is flagged: the score is above the threshold or NaN.
  public func flags(_ score: Float) -> Bool { Self.isAbove(score, value) }

  private static func isAbove(_ score: Float, _ value: Float) -> Bool { !(score <= value) }
}
