internal import DefenseKit

extension STRIP {
  /// Returns the positions of the clean images to measure, ascending, and of the overlays, in an
  /// order that depends on their contents and the seed; the two are disjoint.
  ///
  /// - Throws: `DataError` for fewer than two images; `PluginError` with code `tooFewGroups` for
  ///   images of one group; the errors of reading them.
  func split(
    _ clean: CleanData, of suspect: Model, seed: UInt64
  ) throws -> (measured: [Int], overlays: [Int]) {
    guard clean.count >= 2 else {
      throw DataError(
        "holds 1 image, but strip needs 2, one to blend with the other",
        about: .dataSet(clean.name), remedies: [.advice("give more")])
    }
    let order = try clean.contentOrder()
    var random = SeededGenerator(seed: seed)
    let (measured, others) = try clean.split(
      random.permutation(clean.count), holdingOut: min(clean.count / 2, Self.maximumImages),
      for: Self.name)
    let size = suspect.graph.inputShape.reduce(1, *)
    let overlays = min(Self.maximumImages, max(1, Self.maximumFloats / size))
    return (
      measured.prefix(Self.maximumImages).map { order[$0] }.sorted(),
      // In content order: an overlay has the same number wherever it stands in the set.
      others.prefix(overlays).map { order[$0] }
    )
  }
}
