import ReferenceInference
import Synchronization
import Testing

@testable import InferenceGraph

/// Random networks of every operation on images of every size, in groups of every size.
///
/// `Scripts/sizes` runs more cases than the tests do.
@Suite struct SizeTests {
  /// Images of which some are equal, so that few need the reference: which of the distinct ones
  /// each is.
  private struct Images {
    let distinct: [[Float]]
    let kinds: [Int]
    let source: ArraySource

    init(_ shape: [Int], _ random: inout SplitMix64, atMost most: Int = 70) {
      let size = shape.reduce(1, *)
      let count = random.int(1...most)
      distinct = (0..<min(2, count)).map { _ in random.floats(size) }
      var kinds: [Int] = []
      for _ in 0..<count { kinds.append(random.int(0...distinct.count - 1)) }
      self.kinds = kinds
      source = ArraySource(kinds.flatMap { [distinct] in distinct[$0] }, imageShape: shape)
    }
  }

  @Test(arguments: Sizes.seeds("forward", 2400))
  func forward(seeds: Range<UInt64>) throws {
    for seed in seeds {
      let graph = try RandomGraph.sized(seed: seed)
      var random = SplitMix64(seed: seed &+ 1 << 32)
      let images = Images(graph.inputShape, &random)
      let expected = images.distinct.map { referenceOutput(graph, image: $0) }
      let classes = graph.outputShape.reduce(1, *)
      for blocks in 1...4 {
        var options = ExecutionOptions(threads: 1)
        options.groupBlocks = blocks
        let got = try ExecutorTests.outputs([Model(graph: graph)], images.source, options: options)
        guard
          let fault = Self.fault(got[0], kinds: images.kinds, expected, classes: classes)
        else { continue }
        Issue.record(
          """
          seed \(seed): \(graph.inputShape), \(images.kinds.count) images in groups of \
          \(blocks) blocks, \(fault): \(graph.nodes.map(\.operation.displayName))
          """)
        break
      }
    }
  }

  /// What is wrong with the outputs of images: equal ones must have equal bits.
  private static func fault(
    _ got: [Float], kinds: [Int], _ expected: [[Double]], classes: Int
  ) -> String? {
    var first: [Int: ArraySlice<Float>] = [:]
    for (image, kind) in kinds.enumerated() {
      let row = got[image * classes..<(image + 1) * classes]
      if let known = first[kind] {
        if !row.elementsEqual(known, by: { $0.bitPattern == $1.bitPattern }) {
          return "image \(image): \(Array(row)), but \(Array(known)) elsewhere"
        }
        continue
      }
      first[kind] = row
      for (value, right) in zip(row, expected[kind])
      where !(abs(Double(value) - right) <= 2e-4 * max(1, abs(right))) {
        return "image \(image): \(Array(row)) for \(expected[kind])"
      }
    }
    return nil
  }

  /// Every step of a sweep predicts what the masked model does, and that what the reference does.
  @Test(arguments: Sizes.seeds("sweeps", 480))
  func sweeps(seeds: Range<UInt64>) throws {
    for seed in seeds {
      let graph = try RandomGraph.sized(seed: seed, multiplyAdds: 400_000)
      guard let layer = graph.prunableLayers.last else { continue }
      var random = SplitMix64(seed: seed &+ 1 << 32)
      let images = Images(graph.inputShape, &random)
      var options = ExecutionOptions(threads: 1)
      options.groupBlocks = random.int(1...4)
      let sweep = try ChannelSweep(model: Model(graph: graph), layer: layer, options: options)
      let order = (0..<sweep.channelCount).shuffled(using: &random)
      let got = try sweep.record(images.source).labels(masking: order)
      let graphs = try (0...order.count).map {
        try graph.masking(Array(order[..<$0]), of: layer)
      }
      let models = graphs.map { Model(graph: $0) }
      if got != (try Executor(models, options: options).labels(for: images.source)) {
        Issue.record("seed \(seed): the sweep differs from the masked models")
      }
      let step = random.int(0...order.count)
      let right = images.distinct.map { referenceOutput(graphs[step], image: $0) }
      for (image, kind) in images.kinds.enumerated() {
        let scores = right[kind]
        let best = scores.indices.max { scores[$0] < scores[$1] }!
        let lead = scores[best] - (scores.indices.filter { $0 != best }.map { scores[$0] }.max()!)
        if lead > 1e-3 * max(1, abs(scores[best])), got[step][image] != Int32(best) {
          Issue.record("seed \(seed), step \(step), image \(image): not \(best)")
          break
        }
      }
    }
  }
}
