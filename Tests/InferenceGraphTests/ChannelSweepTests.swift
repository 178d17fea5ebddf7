import InferenceGraph
import ReferenceInference
import Testing

@Suite struct ChannelSweepTests {
  /// Each step's predictions are those of the masked model, run in full.
  @Test(arguments: 0..<60, RandomGraph.Head.allCases)
  func predictsWhatTheMaskedModelsPredict(seed: Int, head: RandomGraph.Head) throws {
    let graph = try RandomGraph.make(seed: UInt64(seed), head: head)
    let model = Model(graph: graph)
    let source = ExecutorTests.images(150, shape: graph.inputShape, seed: UInt64(seed))
    for layer in graph.prunableLayers.suffix(4) {
      for zeroingBias in [true, false] {
        let sweep = try ChannelSweep(model: model, layer: layer, zeroingBias: zeroingBias)
        var random = SplitMix64(seed: UInt64(seed))
        let order = (0..<sweep.channelCount).shuffled(using: &random)
        let recording = try sweep.record(source)
        let got = try recording.labels(masking: order)
        #expect(try sweep.record(source, memory: 0).labels(masking: order) == got)
        let models = try (0...order.count).map {
          Model(
            graph: try graph.masking(
              Array(order[..<$0]), of: layer, zeroingBias: zeroingBias))
        }
        let expected = try Executor(models).labels(for: source)
        #expect(got == expected, "\(layer), bias \(zeroingBias)")
        #expect(recording.labels == expected[0])
      }
    }
  }

  @Test func optionsDoNotMatter() throws {
    let graph = try RandomGraph.make(seed: 7)
    let layer = try #require(graph.lastConvolution)
    let source = ExecutorTests.images(1500, shape: graph.inputShape, seed: 3)
    func sweep(_ options: ExecutionOptions) throws -> ([Double], [Double], [[Int32]]) {
      let recording = try ChannelSweep(
        model: Model(graph: graph), layer: layer, measuringLayer: true, options: options
      )
      .record(source)
      let order = Array(recording.frontierMeans.indices)
      return (
        recording.frontierMeans, recording.layerMeans, try recording.labels(masking: order)
      )
    }
    let plain = try sweep(.init(threads: 1, sharing: false))
    for threads in 1...3 {
      #expect(try sweep(.init(threads: threads)) == plain)
    }
  }

  /// Means over a layer worked out with the reference.
  @Test func meansAreThoseOfTheReference() throws {
    let graph = try RandomGraph.make(seed: 11)
    let layer = try #require(graph.lastConvolution)
    let sweep = try ChannelSweep(model: Model(graph: graph), layer: layer, measuringLayer: true)
    let source = ExecutorTests.images(7, shape: graph.inputShape, seed: 3)
    let recording = try sweep.record(source)
    let size = graph.inputShape.reduce(1, *)
    for (name, means) in [(layer, recording.layerMeans), (sweep.frontier, recording.frontierMeans)]
    {
      let node = try #require(graph.index(of: name))
      let channels = graph.nodes[node].channels
      var expected = [Double](repeating: 0, count: channels)
      for image in 0..<7 {
        let values = reference(
          graph, image: Array(source.values[image * size..<(image + 1) * size]))
        for (element, value) in values[node].enumerated() { expected[element % channels] += value }
      }
      let terms = Double(7 * graph.nodes[node].elementCount / channels)
      for channel in 0..<channels {
        #expect(abs(expected[channel] / terms - means[channel]) < 1e-5)
      }
    }
  }
}
