import InferenceGraph
import ReferenceInference
import Testing

/// Gradients of random networks of every operation on images of every size.
///
/// `Scripts/sizes` runs more cases than the tests do.
@Suite struct GradientSizeTests {
  /// Small images in batches of all sizes.
  @Test(arguments: Sizes.seeds("training", 96))
  func training(seeds: Range<UInt64>) throws {
    for seed in seeds {
      var random = SplitMix64(seed: seed &+ 1 << 32)
      try gradients(
        RandomGraph.sized(seed: seed, extents: 1...16, multiplyAdds: 8000),
        images: random.int(1...70), seed: seed)
    }
  }

  /// Images of all sizes in small batches.
  @Test(arguments: Sizes.seeds("training on large images", 96))
  func trainingLargeImages(seeds: Range<UInt64>) throws {
    for seed in seeds {
      var random = SplitMix64(seed: seed &+ 1 << 32)
      try gradients(
        RandomGraph.sized(seed: seed, multiplyAdds: 200_000), images: random.int(1...3), seed: seed)
    }
  }

  private func gradients(_ graph: Graph, images: Int, seed: UInt64) throws {
    var check = GradientCheck(graph: graph)
    check.images = images
    check.samples = 1
    check.seed = seed
    // With few images the batch's statistics are too sharp for finite differences.
    check.isTraining = false
    try withKnownSeed(seed) { try check.run() }
  }

  private func withKnownSeed(_ seed: UInt64, _ body: () throws -> Void) throws {
    do { try body() } catch { Issue.record("seed \(seed): \(error)") }
  }
}
