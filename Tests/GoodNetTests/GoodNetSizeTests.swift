import DefenseKit
import ReferenceInference
import Testing

@testable import GoodNet

/// The one model beside the detector, and both beside the reference, on images of all sizes.
@Suite struct GoodNetSizeTests {
  @Test(arguments: Sizes.seeds("goodnet", 240))
  func sizes(seeds: Range<UInt64>) throws {
    for seed in seeds {
      let graph = try RandomGraph.sized(seed: seed, multiplyAdds: 300_000)
      guard let layer = graph.prunableLayers.last, let node = graph.index(of: layer) else {
        continue
      }
      var random = SplitMix64(seed: seed &+ 1 << 32)
      let channels = Array(0..<graph.nodes[node].channels).shuffled(using: &random)
      let masked = try graph.masking(Array(channels.prefix(channels.count / 2)), of: layer)
      let (suspect, repaired) = (Model(graph: graph), Model(graph: masked))
      let size = graph.inputShape.reduce(1, *)
      let distinct = (0..<2).map { _ in random.floats(size) }
      let kinds = (0..<random.int(1...70)).map { _ in random.int(0...1) }
      let source = ArraySource(kinds.flatMap { distinct[$0] }, imageShape: graph.inputShape)
      let options = ExecutionOptions(threads: 1)
      let classes = graph.outputShape.reduce(1, *)
      let labels = try GoodNet().predictions(
        for: source, suspect: suspect, repaired: Repair(repaired), using: nil,
        in: RunContext(execution: options)
      ).map { $0.label(flagged: classes) }
      let joined = try Executor(
        [GoodNet.model(suspect: suspect, repaired: repaired)], options: options
      ).labels(for: source)[0]
      #expect(joined == labels, "seed \(seed): the one model differs from the detector")
      let expected = distinct.map { image in
        let (a, b) = (Self.best(graph, image), Self.best(masked, image))
        return a.flatMap { a in b.map { a == $0 ? a : Int32(classes) } }
      }
      for (image, kind) in kinds.enumerated() {
        guard let right = expected[kind], labels[image] != right else { continue }
        Issue.record("seed \(seed), image \(image): \(labels[image]) for \(right)")
        break
      }
    }
  }

  /// The class that the reference gives, if it is clear.
  private static func best(_ graph: Graph, _ image: [Float]) -> Int32? {
    let scores = referenceOutput(graph, image: image)
    let order = scores.indices.sorted { scores[$0] > scores[$1] }
    let lead = scores[order[0]] - scores[order[1]]
    return lead > 1e-3 * max(1, abs(scores[order[0]])) ? Int32(order[0]) : nil
  }
}

extension Prediction {
  /// The class as a label; N for flagged.
  fileprivate func label(flagged classCount: Int) -> Int32 {
    switch self {
    case .class(let number): Int32(number)
    case .flagged: Int32(classCount)
    case .undefined: noClass
    case .noVerdict: fatalError("GoodNet judges every image")
    }
  }
}
