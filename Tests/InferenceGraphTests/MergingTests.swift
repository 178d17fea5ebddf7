import Foundation
import InferenceGraph
import ReferenceInference
import Testing

/// Several networks in one graph.
@Suite struct MergingTests {
  @Test(arguments: Sizes.seeds("joined", 160))
  func joinedScoresAreThoseOfEachNetwork(seeds: Range<UInt64>) throws {
    for seed in seeds {
      let graph = try PassTests.graph(seed)
      var graphs = [graph]
      if let layer = graph.prunableLayers.last { graphs.append(try graph.masking([0], of: layer)) }
      graphs.append(graph)
      var joined = try Graph(inputShape: graph.inputShape)
      let image = RandomGraph.image(for: graph, seed: seed)
      var scores: [Int] = []
      for (number, network) in graphs.enumerated() {
        scores.append(try joined.appendScores(of: network, suffix: "_\(number)"))
      }
      let values = reference(joined, image: image)
      for (network, index) in zip(graphs, scores) {
        let endsInSoftmax = network.nodes[network.output].activation == .softmax
        let exponentials = values[index].map(exp)
        let sum = exponentials.reduce(0, +)
        let got = endsInSoftmax ? exponentials.map { $0 / sum } : values[index]
        let expected = referenceOutput(network, image: image)
        #expect(PassReference.difference(expected, got) < 1e-6, "seed \(seed)")
      }
      #expect(scores.first == scores.last)
      #expect(Set(joined.nodes.map(\.name)).count == joined.nodes.count)
      // No two nodes are equal, whatever their names.
      for (number, a) in joined.nodes.enumerated() {
        for b in joined.nodes[..<number] {
          #expect(
            a.inputs != b.inputs || a.activation != b.activation || a.operation != b.operation,
            "seed \(seed): \(a.name) and \(b.name)")
        }
      }
    }
  }
}
