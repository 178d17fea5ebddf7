import Foundation
import Testing

@testable import InferenceGraph
@testable import NetworkTraining

@Suite("Fresh weights")
struct InitializationTests {
  /// A rectified convolution, a normalized one, a separable one and a classifier.
  private func network() throws -> Graph {
    var graph = try Graph(inputShape: [8, 8, 16])
    func ones(_ shape: Int...) -> Tensor { Tensor(shape: shape, repeating: 1) }
    try graph.append(
      "conv", .convolution(Convolution(kernel: ones(3, 3, 16, 64), bias: ones(64))), inputs: [0],
      activation: .relu)
    try graph.append(
      "before norm", .convolution(Convolution(kernel: ones(3, 3, 32, 64), groups: 2)), inputs: [1])
    try graph.append(
      "norm",
      .batchNormalization(
        BatchNormalization(gamma: ones(64), beta: ones(64), mean: ones(64), variance: ones(64))),
      inputs: [2])
    try graph.append("relu", .activation, inputs: [3], activation: .relu)
    try graph.append(
      "separable",
      .separableConvolution(
        SeparableConvolution(
          depthwise: DepthwiseConvolution(kernel: ones(3, 3, 64, 1)),
          pointwise: ones(1, 1, 64, 128), bias: ones(128))), inputs: [4], activation: .tanh)
    try graph.append("flatten", .flatten, inputs: [5])
    try graph.append(
      "output", .dense(Dense(kernel: ones(512, 100), bias: ones(100))), inputs: [6],
      activation: .softmax)
    return graph
  }

  private func kernel(_ name: String, _ graph: Graph) throws -> Tensor {
    let index = try #require(graph.index(of: name))
    return try #require(graph.nodes[index].operation.weights.first)
  }

  private func moments(_ values: [Float]) -> (mean: Double, variance: Double, largest: Double) {
    let n = Double(values.count)
    let mean = values.reduce(0) { $0 + Double($1) } / n
    let variance = values.reduce(0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / n
    return (mean, variance, values.reduce(0) { max($0, abs(Double($1))) })
  }

  // The mean of n values has a deviation of sqrt(v / n), the variance of a normal one v * sqrt(2 / n);
  // five of them are allowed.
  @Test(
    "He-normal before rectifiers, also behind a normalization",
    arguments: [("conv", 3 * 3 * 16), ("before norm", 3 * 3 * 32)])
  func rectified(_ name: String, _ fanIn: Int) throws {
    let values = try kernel(name, network().initialized(seed: 1)).values
    let (mean, variance, largest) = moments(values)
    let expected = 2 / Double(fanIn)
    let n = Double(values.count)
    #expect(abs(mean) < 5 * (expected / n).squareRoot())
    #expect(abs(variance / expected - 1) < 5 * (2 / n).squareRoot())
    // Of 9,000 normal numbers some lie outside of three deviations, none outside of six.
    #expect(largest > 3 * expected.squareRoot() && largest < 6 * expected.squareRoot())
    let inOne = values.count { abs(Double($0)) < expected.squareRoot() }
    #expect(abs(Double(inOne) / n - 0.6827) < 0.025)
  }

  @Test("Glorot-uniform elsewhere")
  func uniform() throws {
    let graph = try network().initialized(seed: 1)
    let values = try kernel("output", graph).values
    let limit = (6.0 / 612).squareRoot()
    let (mean, variance, largest) = moments(values)
    #expect(abs(mean) < 0.001)
    #expect(abs(variance / (limit * limit / 3) - 1) < 0.02)
    #expect(largest <= limit && largest > 0.999 * limit)
    let separable = graph.nodes[5].operation.weights
    #expect(moments(separable[0].values).largest <= (6.0 / 18).squareRoot())
    #expect(moments(separable[1].values).largest <= (6.0 / 192).squareRoot())
    #expect(moments(separable[1].values).largest > 0.99 * (6.0 / 192).squareRoot())
  }

  @Test("Biases and betas are zero, normalizations neutral")
  func neutral() throws {
    let graph = try network().initialized(seed: 1)
    #expect(graph.nodes[1].operation.weights[1].values == Array(repeating: 0, count: 64))
    #expect(graph.nodes[5].operation.weights[2].values == Array(repeating: 0, count: 128))
    #expect(graph.nodes[7].operation.weights[1].values == Array(repeating: 0, count: 100))
    guard case .batchNormalization(let norm) = graph.nodes[3].operation else {
      Issue.record("no normalization")
      return
    }
    let (zeros, ones) = ([Float](repeating: 0, count: 64), [Float](repeating: 1, count: 64))
    #expect(norm.gamma?.values == ones && norm.variance.values == ones)
    #expect(norm.beta?.values == zeros && norm.mean.values == zeros)
  }

  @Test("Equal seeds give equal weights, other seeds and layers others")
  func seeds() throws {
    let graph = try network()
    let first = graph.initialized(seed: 1)
    #expect(first == graph.initialized(seed: 1))
    #expect(first == graph.initialized(seed: 2).initialized(seed: 1))
    let other = graph.initialized(seed: 2)
    #expect(try kernel("conv", first).values != kernel("conv", other).values)
    // Of two kernels of the same size none repeats the other.
    var twice = try Graph(inputShape: [4])
    let square = Dense(kernel: Tensor(shape: [4, 4], repeating: 0))
    try twice.append("a", .dense(square), inputs: [0])
    try twice.append("b", .dense(square), inputs: [1])
    let made = twice.initialized(seed: 0)
    #expect(Set(try kernel("a", made).values + kernel("b", made).values).count == 32)
  }

  @Test("The first weights, as they are on every machine")
  func pinned() throws {
    let kernel = try kernel("conv", network().initialized(seed: 1)).values
    #expect(Array(kernel[..<4]) == Self.firstWeights)
  }

  // Worked out once more in Python, with its own logarithm.
  private static let firstWeights: [Float] = [-0.004162476, 0.1510965, 0.026576282, 0.17894846]

  @Test("The logarithm is the C library's but for the last places")
  func logarithm() {
    for x in [1e-300, 3e-17, 0.1, 0.5, 0.70710678, 0.70710679, 0.999999, 1, 1.5, 2, 1e10] {
      let exact = log(x)
      #expect(abs(SeededGenerator.logarithm(x) - exact) <= 4e-16 * max(abs(exact), 1))
    }
    #expect(SeededGenerator.logarithm(1) == 0)
  }

  @Test("A permutation has every number once, and all orders come about as often")
  func permutation() {
    var numbers = SeededGenerator(seed: 3)
    #expect(numbers.permutation(1000).sorted() == Array(0..<1000))
    #expect(numbers.permutation(0) == [] && numbers.permutation(1) == [0])
    var counts: [[Int]: Int] = [:]
    for _ in 0..<6000 { counts[numbers.permutation(3), default: 0] += 1 }
    #expect(counts.count == 6)
    #expect(counts.values.allSatisfy { abs($0 - 1000) < 150 })
  }
}
