public import InferenceGraph

/// The number of test images by result, apart for groups that the clean images have and others.
public struct GroupCounts: Sendable, Hashable, Codable {
  /// Counts over the images whose group is among the clean images.
  public var seen: CleanCounts
  /// Counts over the images whose group is not.
  public var unseen: CleanCounts

  /// Creates counts.
  public init(seen: CleanCounts, unseen: CleanCounts) {
    self.seen = seen
    self.unseen = unseen
  }

  /// Counts predictions against labels.
  ///
  /// - Parameters:
  ///   - predictions: The prediction for every image.
  ///   - labels: The class of every image.
  ///   - groups: The group of every image.
  ///   - seen: The groups of the clean images.
  public init(
    predictions: [Prediction], labels: [Int32], groups: [Int], seen: Set<Int>
  ) {
    precondition(
      predictions.count == groups.count, "\(predictions.count) for \(groups.count) groups")
    func counts(_ isWanted: (Int) -> Bool) -> CleanCounts {
      let indices = groups.indices.filter { isWanted(groups[$0]) }
      return CleanCounts(
        predictions: indices.map { predictions[$0] }, labels: indices.map { labels[$0] })
    }
    self.init(seen: counts { seen.contains($0) }, unseen: counts { !seen.contains($0) })
  }
}
