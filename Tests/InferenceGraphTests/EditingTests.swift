import InferenceGraph
import ReferenceInference
import Testing

@Suite("Removing channels equals masking them")
struct EditingTests {
  /// Why a removal may be refused; anything else is a bug.
  static let documented = [
    "which keeps the same channels", "its groups would lose different numbers of them",
    "come from the same input channel", "(add) makes them", "(multiply) makes them", " is read by ",
    "they belong to the image", "its mean and variance count them",
    "(layer normalization) makes them", "(group normalization) makes them",
    "which its bias cannot stand for at the border", "mixes channels", "no channel would be left",
    "its sums over adjacent channels count them", "it multiplies them by other activations",
    "(local response normalization) makes them", "(matrix product) makes them",
    "(permutation) makes them", "(reshape) makes them", "(channel selection) makes them",
  ]

  /// The largest difference of two results, relative to their size where that exceeds 1.
  static func difference(_ a: [Double], _ b: [Double]) -> Double {
    guard a.count == b.count else { return .infinity }
    let size = max(1, a.map { abs($0) }.max() ?? 1)
    return zip(a, b).map { $1.isFinite ? abs($0 - $1) / size : .infinity }.max() ?? 0
  }

  @Test("on random graphs, every layer, some channels", arguments: RandomGraph.Head.allCases)
  func randomGraphs(head: RandomGraph.Head) throws {
    var removals = 0
    var smallerFiles = 0
    var withCarrier = 0
    var refusals = 0
    var kinds: Set<String> = []
    for seed in UInt64(1)...190 {
      let graph = try RandomGraph.make(seed: seed, head: head)
      let images = (0..<2).map { RandomGraph.image(for: graph, seed: seed * 100 + $0) }
      var random = SplitMix64(seed: seed)
      for layer in graph.prunableLayers {
        let node = try #require(graph.index(of: layer).map { graph.nodes[$0] })
        let channels = (0..<node.channels).filter { _ in random.oneIn(3) }
        guard !channels.isEmpty, channels.count < node.channels else { continue }
        let masked = try graph.masking(channels, of: layer)
        #expect(masked.parameterCount == graph.parameterCount)
        do {
          let smaller = try graph.removing(channels, of: layer)
          let kept = try #require(smaller.index(of: layer).map { smaller.nodes[$0].channels })
          #expect(kept < node.channels && kept >= node.channels - channels.count)
          for image in images {
            let error = Self.difference(
              referenceOutput(masked, image: image), referenceOutput(smaller, image: image))
            #expect(error < 1e-5, "seed \(seed), \(layer) \(channels)")
          }
          removals += 1
          smallerFiles += smaller.parameterCount < graph.parameterCount ? 1 : 0
          withCarrier += kept > node.channels - channels.count ? 1 : 0
          kinds.insert(node.operation.displayName)
        } catch let error as GraphError {
          #expect(
            Self.documented.contains { error.problem.contains($0) }, "seed \(seed): \(error)")
          refusals += 1
        }
      }
    }
    // A layer that gets a bias for constants may rarely grow by more than was removed.
    #expect(smallerFiles >= removals * 99 / 100, "\(smallerFiles) of \(removals)")
    #expect(removals >= 400, "and \(refusals) were refused")
    #expect(withCarrier >= 10)
    #expect(
      kinds == [
        "convolution", "grouped convolution", "depthwise convolution", "separable convolution",
        "dense",
      ])
  }

  @Test("as the executor runs them, in 32 bits")
  func executed() throws {
    var removals = 0
    for seed in UInt64(1)...80 {
      let graph = try RandomGraph.make(seed: seed)
      var random = SplitMix64(seed: seed)
      var models: [Model] = []
      for layer in graph.prunableLayers {
        let node = try #require(graph.index(of: layer).map { graph.nodes[$0] })
        let channels = (0..<node.channels).filter { _ in random.oneIn(3) }
        guard !channels.isEmpty, channels.count < node.channels,
          let smaller = try? graph.removing(channels, of: layer)
        else { continue }
        models += [Model(graph: try graph.masking(channels, of: layer)), Model(graph: smaller)]
      }
      if models.isEmpty { continue }
      let source = ExecutorTests.images(17, shape: graph.inputShape, seed: seed + 500)
      let outputs = try ExecutorTests.outputs(models, source).map { $0.map(Double.init) }
      for pair in stride(from: 0, to: models.count, by: 2) {
        let error = Self.difference(outputs[pair], outputs[pair + 1])
        #expect(error < 1e-5, "seed \(seed), removal \(pair / 2)")
        removals += 1
      }
    }
    #expect(removals >= 150)
  }

  @Test("and masking nothing, or removing nothing, changes nothing")
  func nothing() throws {
    let graph = try RandomGraph.make(seed: 3)
    let layer = try #require(graph.prunableLayers.first)
    #expect(try graph.masking([], of: layer) == graph)
    #expect(try graph.removing([], of: layer) == graph)
  }
}
