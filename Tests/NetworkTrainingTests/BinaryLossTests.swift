import Foundation
import InferenceGraph
import NetworkTraining
import ReferenceInference
import Testing

@Suite struct BinaryLossTests {
  /// In plain words: -log p where the label is 1, -log(1 - p) where it is 0.
  @Test("The loss is the binary cross-entropy of the sigmoid", arguments: 0..<20)
  func loss(seed: Int) throws {
    let graph = try RandomGraph.make(seed: UInt64(seed), head: .binary)
    let size = graph.inputShape.reduce(1, *)
    var random = SplitMix64(seed: UInt64(seed))
    let values = random.floats(11 * size)
    let labels = (0..<11).map { Int32($0 % 2) }
    let losses = try Backpropagation(
      Model(graph: graph), batchSize: 4, isTraining: false, differentiatesWeights: false,
      differentiatesInput: true
    ).imageGradients(of: values, labels: labels).losses
    let logits = try #require(graph.nodes.firstIndex { $0.operation == .binaryLogits })
    for (image, label) in labels.enumerated() {
      let computed = reference(graph, image: Array(values[image * size..<(image + 1) * size]))
      let p = 1 / (1 + exp(-computed[graph.nodes[logits].inputs[0]][0]))
      let right = label == 1 ? -log(p) : -log(1 - p)
      #expect(abs(Double(losses[image]) - right) <= 1e-4 * max(1, right))
    }
  }
}
