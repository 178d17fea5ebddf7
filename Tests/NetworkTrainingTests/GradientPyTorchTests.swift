import Foundation
import ReferenceInference
import Testing

@testable import InferenceGraph
@testable import NetworkTraining

/// A whole network, with what PyTorch computed in double precision (see Fixtures/gradients.py).
struct PyTorchCase: Decodable, Sendable, CustomTestStringConvertible {
  /// Some elements of a gradient.
  struct Gradient: Decodable, Sendable {
    let layer: String
    let role: String
    let count: Int
    let norm: Double
    /// The largest magnitude.
    let largest: Double
    let indices: [Int]
    let values: [Double]
  }

  let name: String
  let seed: UInt64
  let shape: [Int]
  let classes: Int
  let images: Int
  let smoothing: Float
  let loss: Double
  let correct: Int
  let tensors: [Gradient]

  var testDescription: String { name }

  static let all: [PyTorchCase] = {
    let file = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "Fixtures/gradients.json")
    do {
      return try JSONDecoder().decode([PyTorchCase].self, from: Data(contentsOf: file))
    } catch {
      fatalError("gradients.json cannot be read: \(error)")
    }
  }()

  func graph() throws -> Graph {
    var net = try PyTorchNetwork(shape, seed: seed)
    switch name {
    case "deepid": try net.deepID(classes)
    case "vgg": try net.vgg(classes)
    case "resnet": try net.resNet(classes)
    default: throw GraphError(node: name, "unknown network")
    }
    return net.graph
  }

  /// The images and their labels.
  func batch() -> (ArraySource, [Int32]) {
    var random = SplitMix64(seed: seed + 1000)
    let values = random.floats(images * shape.reduce(1, *))
    let labels = (0..<images).map { _ in Int32(random.int(0...classes - 1)) }
    return (ArraySource(values, imageShape: shape), labels)
  }
}

/// Builds the networks of Fixtures/gradients.py, drawing weights in the same order.
struct PyTorchNetwork {
  var graph: Graph
  private var random: SplitMix64
  private var tip = 0

  init(_ shape: [Int], seed: UInt64) throws {
    graph = try Graph(inputShape: shape)
    random = SplitMix64(seed: seed)
  }

  private var channels: Int { graph.nodes[tip].channels }

  @discardableResult
  private mutating func add(
    _ name: String, _ operation: Graph.Operation, from inputs: Int...,
    activation: Activation = .linear
  ) throws -> Int {
    tip = try graph.append(
      name, operation, inputs: inputs.isEmpty ? [tip] : inputs, activation: activation)
    return tip
  }

  private mutating func kernel(_ shape: [Int]) -> Tensor {
    let fanIn = shape.dropLast().reduce(1, *)
    let limit = Float((6 / Double(fanIn)).squareRoot())
    return Tensor(shape: shape, values: random.floats(shape.reduce(1, *), limit: limit))
  }

  private mutating func vector(_ count: Int, limit: Float, around center: Float = 0) -> Tensor {
    Tensor(shape: [count], values: random.floats(count, limit: limit).map { center + $0 })
  }

  @discardableResult
  private mutating func convolution(
    _ name: String, _ filters: Int, _ size: Int, from input: Int? = nil, stride: Int = 1,
    padding: Padding = .same, bias: Bool = true, activation: Activation = .linear
  ) throws -> Int {
    tip = input ?? tip
    let layer = Convolution(
      kernel: kernel([size, size, channels, filters]),
      bias: bias ? vector(filters, limit: 0.25) : nil, strides: Extent(stride, stride),
      padding: padding)
    return try add(name, .convolution(layer), activation: activation)
  }

  @discardableResult
  private mutating func dense(
    _ name: String, _ units: Int, from input: Int? = nil, activation: Activation = .linear
  ) throws -> Int {
    tip = input ?? tip
    let layer = Dense(kernel: kernel([channels, units]), bias: vector(units, limit: 0.25))
    return try add(name, .dense(layer), activation: activation)
  }

  @discardableResult
  private mutating func normalized(_ name: String) throws -> Int {
    let count = channels
    let layer = BatchNormalization(
      gamma: vector(count, limit: 0.5, around: 1), beta: vector(count, limit: 0.25),
      mean: Tensor(shape: [count], repeating: 0), variance: Tensor(shape: [count], repeating: 1))
    return try add(name, .batchNormalization(layer), activation: .relu)
  }

  private mutating func maxPooling(_ name: String) throws {
    try add(name, .pooling(Pooling(.max, window: Extent(2, 2))))
  }

  mutating func deepID(_ classes: Int) throws {
    for (index, (filters, size)) in [(20, 4), (40, 3), (60, 3)].enumerated() {
      try convolution("conv_\(index + 1)", filters, size, padding: .valid, activation: .relu)
      try maxPooling("pool_\(index + 1)")
    }
    let third = tip
    let fourth = try convolution("conv_4", 80, 2, padding: .valid, activation: .relu)
    let flatThird = try add("flatten_1", .flatten, from: third)
    let flatFourth = try add("flatten_2", .flatten, from: fourth)
    let first = try dense("fc_1", 160, from: flatThird)
    let second = try dense("fc_2", 160, from: flatFourth)
    try add("add", .add, from: first, second, activation: .relu)
    try dense("output", classes, activation: .softmax)
  }

  mutating func vgg(_ classes: Int) throws {
    for (index, filters) in [24, 32, 48].enumerated() {
      for number in 1...2 {
        try convolution("conv_\(index + 1)_\(number)", filters, 3, bias: false)
        try normalized("norm_\(index + 1)_\(number)")
      }
      try maxPooling("pool_\(index + 1)")
    }
    try add("flatten", .flatten)
    try dense("fc", 64, activation: .relu)
    try dense("output", classes, activation: .softmax)
  }

  mutating func resNet(_ classes: Int) throws {
    try convolution("stem", 16, 3, bias: false)
    for (index, (filters, stride)) in [(16, 1), (32, 2), (48, 2)].enumerated() {
      let number = index + 1
      var short = tip
      let active = try normalized("norm_\(number)_1")
      if stride > 1 {
        short = try convolution(
          "short_\(number)", filters, 1, from: active, stride: stride, bias: false)
      }
      try convolution(
        "conv_\(number)_1", filters, 3, from: active, stride: stride, bias: false)
      try normalized("norm_\(number)_2")
      let long = try convolution("conv_\(number)_2", filters, 3, bias: false)
      try add("add_\(number)", .add, from: short, long)
    }
    try normalized("norm")
    try add("average", .globalPooling(.average, keepsDimensions: false))
    try dense("output", classes)
  }
}

@Suite("Gradients of whole networks against PyTorch")
struct PyTorchGradientTests {
  @Test("loss and gradients are PyTorch's, to 1e-4", arguments: PyTorchCase.all)
  func agrees(network: PyTorchCase) throws {
    let graph = try network.graph()
    let (source, labels) = network.batch()
    let backpropagation = try Backpropagation(Model(graph: graph), batchSize: network.images)
    let batch = try backpropagation.run(source, labels: labels, smoothing: network.smoothing)
    #expect(abs(batch.loss - network.loss) <= 1e-5 * network.loss)
    #expect(batch.correct == network.correct)
    var seen = 0
    for segment in backpropagation.parameters.segments where segment.isTrained {
      let layer = graph.nodes[segment.node].name
      let expected = try #require(
        network.tensors.first { $0.layer == layer && $0.role == segment.role.rawValue },
        "\(layer) \(segment.role)")
      check(
        backpropagation.parameters.gradientValues(graph, layer, segment.role), expected)
      seen += 1
    }
    let ofImages = try Backpropagation(
      Model(graph: graph), batchSize: network.images, differentiatesWeights: false,
      differentiatesInput: true)
    let expected = try #require(network.tensors.last)
    #expect(expected.layer == "input")
    check(try ofImages.inputGradients(of: source.values, labels: labels).gradients, expected)
    #expect(seen + 1 == network.tensors.count)
  }

  private func check(_ gradient: [Float], _ expected: PyTorchCase.Gradient) {
    let name = "\(expected.layer) \(expected.role)"
    #expect(gradient.count == expected.count, "\(name)")
    let norm = gradient.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
    #expect(abs(norm - expected.norm) <= 1e-4 * expected.norm, "\(name): norm \(norm)")
    var worst = 0.0
    for (index, right) in zip(expected.indices, expected.values) {
      worst = max(worst, abs(Double(gradient[index]) - right) / expected.largest)
    }
    #expect(worst <= 1e-4, "\(name): off by \(worst) of the largest, \(expected.largest)")
  }
}
