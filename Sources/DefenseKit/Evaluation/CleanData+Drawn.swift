internal import InferenceGraph
internal import NetworkTraining

extension CleanData {
  /// Returns the positions, ascending, of at most `count` images, drawn at random.
  ///
  /// The seed and the images' contents decide which; the order of the set does not.
  ///
  /// - Throws: The errors of the source.
  public func drawn(_ count: Int, seed: UInt64) throws -> [Int] {
    guard count < self.count else { return Array(0..<self.count) }
    let order = try contentOrder()
    var random = SeededGenerator(seed: seed)
    return random.permutation(self.count).prefix(count).map { order[$0] }.sorted()
  }
}
