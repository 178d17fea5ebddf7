import ReferenceInference
import Testing

@testable import InferenceGraph

@Suite("Replacing an operation")
struct ReplacingTests {
  @Test("on random graphs: the new weights count, and all else stays", arguments: 0..<40)
  func random(seed: Int) throws {
    let graph = try RandomGraph.make(seed: UInt64(seed))
    var random = SplitMix64(seed: UInt64(seed))
    for (index, node) in graph.nodes.enumerated() where !node.operation.weights.isEmpty {
      var operation = node.operation
      operation.updateWeights { role, tensor in
        let floats = random.floats(tensor.count)
        tensor = Tensor(
          shape: tensor.shape, values: role == .movingVariance ? floats.map { abs($0) } : floats)
      }
      let edited = try graph.replacing(node.name, with: operation)
      #expect(edited.nodes[index].operation == operation)
      for (other, old) in graph.nodes.enumerated() where other != index {
        #expect(edited.nodes[other] == old)
      }
      #expect(edited.output == graph.output)
      #expect(try edited.replacing(node.name, with: node.operation) == graph)
    }
  }

  @Test("what does not fit is refused, by name")
  func refusals() throws {
    var net = try NetworkBuilder([4, 4, 2])
    try net.conv("conv", 3)
    try net.normalize("bn")
    try net.add("flatten", .flatten)
    try net.dense("output", 2)
    let graph = net.graph
    func refusal(_ name: String, _ operation: Graph.Operation) -> String? {
      #expect(throws: GraphError.self) { try graph.replacing(name, with: operation) }?.problem
    }
    let dense = Dense(kernel: Tensor(shape: [48, 2], repeating: 0))
    #expect(
      refusal("conw", .flatten) == "the graph has no such layer, and its input cannot be replaced")
    #expect(
      refusal("input", .flatten) == "the graph has no such layer, and its input cannot be replaced")
    #expect(
      refusal("conv", .input) == "the graph has no such layer, and its input cannot be replaced")
    #expect(
      refusal("flatten", .activation) == "activation has the output shape [4, 4, 3], not [48]")
    #expect(refusal("conv", .dense(dense)) != nil)
    var layer = try graph.batchNormalization("bn")
    layer.gamma = Tensor(shape: [3], values: [1, .nan, 1])
    #expect(
      refusal("bn", .batchNormalization(layer)) == "element 1 of the new gamma is not finite")
    layer.gamma = Tensor(shape: [2], repeating: 1)
    #expect(refusal("bn", .batchNormalization(layer)) != nil)
    #expect(throws: GraphError.self) { try graph.batchNormalization("conv") }
  }

  @Test("gamma alone can be masked: the channel is the constant beta")
  func gammaAlone() throws {
    var net = try NetworkBuilder([4, 4, 3])
    try net.normalize("bn")
    try net.add("mean", .globalPooling(.average, keepsDimensions: false))
    let own = try net.graph.batchNormalization("bn")
    let graph = try net.graph.masking([1], ofNormalization: "bn", zeroingBeta: false)
    let masked = try graph.batchNormalization("bn")
    #expect(masked.beta == own.beta && masked.gamma == own.gamma?.zeroing([1], axis: 0))
    let output = referenceOutput(graph, image: RandomGraph.image(for: graph, seed: 1))
    #expect(abs(output[1] - Double(own.beta!.values[1])) < 1e-6)
  }
}
