import Foundation
import ReferenceInference
import Testing

@testable import InferenceGraph
@testable import NetworkTraining

/// Layers that are random in training, seen from outside: through the gradients around them.
///
/// One input of 1 goes through a dense layer of ones to `count` units, through the noise, and with the
/// same weight each into the first of two logits. The gradient of the second layer's kernel is then
/// what the noise gave, times the slope of the logit; that of the first layer's biases the slopes that
/// came back through it.
private struct NoiseProbe {
  let backpropagation: Backpropagation
  let graph: Graph
  static let weight: Float = 1 / 1024

  init(_ layer: TrainingOnly, count: Int = 4096, isTraining: Bool = true) throws {
    var graph = try Graph(inputShape: [1])
    try graph.append(
      "spread",
      .dense(
        Dense(
          kernel: Tensor(shape: [1, count], repeating: 1),
          bias: Tensor(shape: [count], repeating: 0))), inputs: [0])
    try graph.append("noise", .trainingOnly(layer), inputs: [1])
    let weights = (0..<count).flatMap { _ in [Self.weight, -Self.weight] }
    try graph.append(
      "sum", .dense(Dense(kernel: Tensor(shape: [count, 2], values: weights))), inputs: [2])
    self.graph = graph
    backpropagation = try Backpropagation(
      Model(graph: graph), batchSize: 1, isTraining: isTraining)
  }

  /// What the noise gave for ones, and by what it multiplied the slopes on their way back.
  func run(seed: UInt64, input: Float = 1) throws -> (values: [Float], factors: [Float]) {
    let result = try backpropagation.run(
      ArraySource([input], imageShape: [1]), labels: [1], seed: seed)
    // Two logits: the slope of the first is 1 - p of the second, and -log(p) is the loss.
    let slope = Float(1 - exp(-result.loss))
    let forward = backpropagation.parameters.gradientValues(graph, "sum", .kernel)
    let back = backpropagation.parameters.gradientValues(graph, "spread", .bias)
    return (
      stride(from: 0, to: forward.count, by: 2).map { forward[$0] / slope },
      back.map { $0 / (2 * Self.weight * slope) }
    )
  }
}

private func mean(_ x: [Float]) -> Double { x.reduce(0) { $0 + Double($1) } / Double(x.count) }

private func deviation(_ x: [Float]) -> Double {
  let center = mean(x)
  return (x.reduce(0) { $0 + (Double($1) - center) * (Double($1) - center) } / Double(x.count))
    .squareRoot()
}

private func agree(_ x: [Float], _ y: [Float], _ tolerance: Float = 1e-4) -> Bool {
  x.count == y.count && zip(x, y).allSatisfy { abs($0 - $1) <= tolerance }
}

@Suite("Layers that are random in training")
struct GradientNoiseTests {
  @Test(
    "dropout keeps the right share, scaled, and the same elements on the way back",
    arguments: [Float(0.1), 0.25, 0.5, 0.9])
  func dropout(rate: Float) throws {
    let probe = try NoiseProbe(.dropout(rate: rate))
    let scaled = 1 / (1 - rate)
    for seed in UInt64(0)..<4 {
      let (values, factors) = try probe.run(seed: seed)
      let kept = values.filter { $0 != 0 }
      #expect(kept.allSatisfy { abs($0 - scaled) <= 1e-3 * scaled })
      #expect(agree(values, factors, 1e-3 * scaled))
      #expect(values.map { $0 == 0 } == factors.map { $0 == 0 })
      // Within four standard deviations of the expectation.
      let expected = Double(values.count) * Double(1 - rate)
      #expect(abs(Double(kept.count) - expected) < 4 * (expected * Double(rate)).squareRoot())
    }
  }

  @Test(
    "a seed decides what is dropped",
    arguments: [
      TrainingOnly.dropout(rate: 0.5), .gaussianDropout(rate: 0.5), .alphaDropout(rate: 0.5),
      .gaussianNoise(deviation: 1),
    ])
  func seeds(layer: TrainingOnly) throws {
    let probe = try NoiseProbe(layer)
    let first = try probe.run(seed: 7).values
    let other = try probe.run(seed: 8).values
    #expect(try probe.run(seed: 7).values == first)
    #expect(try NoiseProbe(layer).run(seed: 7).values == first)
    let equal = zip(first, other).count { $0 == $1 }
    #expect(equal < 3 * first.count / 4, "\(equal) of \(first.count) alike")
  }

  @Test("two layers drop different elements, and so do an epoch's first and next steps")
  func layersDiffer() throws {
    var graph = try Graph(inputShape: [1])
    try graph.append(
      "spread",
      .dense(
        Dense(
          kernel: Tensor(shape: [1, 1000], repeating: 1),
          bias: Tensor(shape: [1000], repeating: 0))), inputs: [0])
    try graph.append("first", .trainingOnly(.dropout(rate: 0.5)), inputs: [1])
    try graph.append("second", .trainingOnly(.dropout(rate: 0.5)), inputs: [2])
    try graph.append(
      "sum", .dense(Dense(kernel: Tensor(shape: [1000, 2], repeating: 1))), inputs: [3])
    // Both logits are equal: their slopes are 1/2 each way, and cancel before the sum alone.
    let backpropagation = try Backpropagation(Model(graph: graph), batchSize: 1)
    _ = try backpropagation.run(ArraySource([1], imageShape: [1]), labels: [0])
    let gradient = backpropagation.parameters.gradientValues(graph, "sum", .kernel)
    let kept = stride(from: 0, to: 2000, by: 2).count { gradient[$0] != 0 }
    #expect((180...320).contains(kept), "\(kept) of 1000 were kept twice at 1/2")
  }

  @Test("gaussian dropout multiplies with mean 1 and deviation sqrt(rate / (1 - rate))")
  func gaussianDropout() throws {
    let (values, factors) = try NoiseProbe(.gaussianDropout(rate: 0.2)).run(seed: 3)
    #expect(agree(values, factors, 1e-3))
    #expect(abs(mean(values) - 1) < 4 * 0.5 / 64)
    #expect(abs(deviation(values) - 0.5) < 0.025)
    // A normal distribution has 4.6 % beyond two deviations.
    let far = values.count { abs($0 - 1) > 1 }
    #expect((120...260).contains(far), "\(far) of 4096")
  }

  @Test("gaussian noise is added, and slopes pass")
  func gaussianNoise() throws {
    let (values, factors) = try NoiseProbe(.gaussianNoise(deviation: 0.25)).run(seed: 3)
    #expect(agree(factors, Array(repeating: 1, count: factors.count), 1e-3))
    #expect(abs(mean(values) - 1) < 4 * 0.25 / 64)
    #expect(abs(deviation(values) - 0.25) < 0.0125)
  }

  /// Klambauer et al. 2017: dropped values become SELU's saturation, -lambda * alpha; all are then
  /// scaled and shifted such that mean 0 and variance 1 stay.
  @Test("alpha dropout scales and shifts such that mean and variance stay")
  func alphaDropout() throws {
    let rate = 0.3
    let saturation = -1.0507009873554805 * 1.6732632423543772
    let scale = 1 / ((1 - rate) * (1 + rate * saturation * saturation)).squareRoot()
    let shift = -scale * rate * saturation
    let (values, factors) = try NoiseProbe(.alphaDropout(rate: Float(rate))).run(seed: 3)
    let kept = Float(scale + shift)
    let dropped = Float(scale * saturation + shift)
    for (value, factor) in zip(values, factors) {
      let isKept = abs(value - kept) < 1e-3
      #expect(isKept || abs(value - dropped) < 1e-3, "\(value)")
      #expect(abs(factor - (isKept ? Float(scale) : 0)) < 1e-3)
    }
    let share = Double(values.count { abs($0 - kept) < 1e-3 }) / Double(values.count)
    #expect(abs(share - (1 - rate)) < 4 * (rate * (1 - rate)).squareRoot() / 64)
  }

  @Test("spatial dropout drops whole channels, and each image other ones")
  func spatialDropout() throws {
    let (height, width, channels, images) = (3, 4, 32, 40)
    var graph = try Graph(inputShape: [height, width, channels])
    try graph.append("noise", .trainingOnly(.spatialDropout(rate: 0.25)), inputs: [0])
    try graph.append("flatten", .flatten, inputs: [1])
    let count = height * width * channels
    let weights = (0..<count).flatMap { _ -> [Float] in [0.001, -0.001] }
    try graph.append(
      "sum", .dense(Dense(kernel: Tensor(shape: [count, 2], values: weights))), inputs: [2])
    let backpropagation = try Backpropagation(
      Model(graph: graph), batchSize: images, differentiatesWeights: false,
      differentiatesInput: true)
    let gradients = try backpropagation.inputGradients(
      of: Array(repeating: 1, count: images * count),
      labels: Array(repeating: 1, count: images)
    ).gradients
    var masks: Set<[Bool]> = []
    var kept = 0
    for image in 0..<images {
      let pixels = (0..<height * width).map { pixel in
        (0..<channels).map { gradients[(image * height * width + pixel) * channels + $0] != 0 }
      }
      #expect(Set(pixels).count == 1, "image \(image) drops parts of channels")
      masks.insert(pixels[0])
      kept += pixels[0].count { $0 }
    }
    #expect(masks.count == images)
    let expected = 0.75 * Double(images * channels)
    #expect(abs(Double(kept) - expected) < 4 * (expected * 0.25).squareRoot())
  }

  @Test("images of a batch lose different elements")
  func imagesDiffer() throws {
    var graph = try Graph(inputShape: [50])
    try graph.append("noise", .trainingOnly(.dropout(rate: 0.5)), inputs: [0])
    let weights = (0..<50).flatMap { _ -> [Float] in [0.01, -0.01] }
    try graph.append(
      "sum", .dense(Dense(kernel: Tensor(shape: [50, 2], values: weights))), inputs: [1])
    let backpropagation = try Backpropagation(
      Model(graph: graph), batchSize: 150, differentiatesWeights: false,
      differentiatesInput: true)
    let gradients = try backpropagation.inputGradients(
      of: Array(repeating: 1, count: 150 * 50), labels: Array(repeating: 1, count: 150)
    ).gradients
    let masks = Set((0..<150).map { image in (0..<50).map { gradients[image * 50 + $0] != 0 } })
    #expect(masks.count == 150)
  }

  @Test(
    "out of training nothing is dropped",
    arguments: [
      TrainingOnly.dropout(rate: 0.5), .spatialDropout(rate: 0.5), .gaussianDropout(rate: 0.5),
      .alphaDropout(rate: 0.5), .gaussianNoise(deviation: 1),
    ])
  func inference(layer: TrainingOnly) throws {
    let (values, factors) = try NoiseProbe(layer, isTraining: false).run(seed: 1)
    let ones = Array(repeating: Float(1), count: values.count)
    #expect(agree(values, ones, 1e-3) && agree(factors, ones, 1e-3))
  }
}
