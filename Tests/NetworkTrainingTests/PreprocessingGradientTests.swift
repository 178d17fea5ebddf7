import ReferenceInference
import Testing

@testable import InferenceGraph
@testable import NetworkTraining

/// Losses and gradients of models whose images have a mean subtracted and are divided.
@Suite("Preprocessing in training") struct PreprocessingGradientTests {
  private static func network(_ random: inout SplitMix64) throws -> Graph {
    let shape = [random.int(3...6), random.int(3...6), random.int(1...3)]
    var net = try NetworkBuilder(shape)
    try net.conv("conv", 3, activation: .tanh)
    try net.add("flat", .flatten)
    try net.dense("output", 4)
    return net.graph
  }

  /// The gradient of an image with preprocessing is that of the prepared image, times scale and
  /// divided by the deviation; losses and weight gradients are equal.
  @Test(arguments: 0..<20) func gradients(seed: Int) throws {
    var random = SplitMix64(seed: UInt64(seed))
    let graph = try Self.network(&random)
    let channels = graph.inputShape[2]
    let preprocessing = Preprocessing(
      scale: 1 / 64, mean: random.floats([1, channels][random.int(0...1)]),
      deviation: random.floats([1, channels][random.int(0...1)], limit: 0.4).map { $0 + 0.6 })
    let count = random.int(1...20)
    let images = random.floats(count * graph.inputShape.reduce(1, *), limit: 64)
    func element(_ list: [Float], _ index: Int) -> Float {
      list.count == 1 ? list[0] : list[index % channels]
    }
    let prepared = images.enumerated().map { index, value in
      (value * preprocessing.scale - element(preprocessing.mean, index))
        / element(preprocessing.deviation, index)
    }
    let labels = (0..<count).map { Int32($0 % 4) }
    func results(_ model: Model, _ images: [Float]) throws -> (
      loss: [Float], input: [Float], weights: [Float]
    ) {
      let run = try Backpropagation(
        model, batchSize: 20, isTraining: true, differentiatesInput: true)
      try run.differentiate(.crossEntropy(labels), at: images)
      return (
        run.outputs, run.inputGradient, run.parameters.packed(run.parameters.gradient)
      )
    }
    let got = try results(Model(graph: graph, preprocessing: preprocessing), images)
    let right = try results(Model(graph: graph), prepared)
    for (value, expected) in zip(got.loss + got.weights, right.loss + right.weights) {
      #expect(abs(value - expected) <= 1e-4 * max(1, abs(expected)))
    }
    for (index, value) in got.input.enumerated() {
      let expected =
        right.input[index] * preprocessing.scale / element(preprocessing.deviation, index)
      #expect(abs(value - expected) <= 1e-6, "seed \(seed), element \(index)")
    }
  }

  /// Training with preprocessing is training on prepared images.
  @Test(arguments: 0..<4) func training(seed: UInt64) throws {
    var random = SplitMix64(seed: seed + 9)
    let graph = try Self.network(&random)
    let preprocessing = Preprocessing(scale: 0.5, mean: [0.25], deviation: [0.75])
    let values = random.floats(96 * graph.inputShape.reduce(1, *))
    let labels = (0..<96).map { Int32($0 % 4) }
    func trained(_ model: Model, _ values: [Float]) throws -> [Float] {
      let result = try model.trained(
        on: TrainingSet(ArraySource(values, imageShape: graph.inputShape), labels: labels),
        options: TrainingOptions(epochs: 3, batchSize: 16, learningRate: 0.05, seed: seed))
      return result.model.graph.nodes.flatMap { $0.operation.weights.flatMap(\.values) }
    }
    let got = try trained(Model(graph: graph, preprocessing: preprocessing), values)
    let right = try trained(Model(graph: graph), values.map { ($0 * 0.5 - 0.25) / 0.75 })
    for (value, expected) in zip(got, right) { #expect(abs(value - expected) < 1e-4) }
    let start = graph.nodes.flatMap { $0.operation.weights.flatMap(\.values) }
    #expect(got != start)
  }
}
