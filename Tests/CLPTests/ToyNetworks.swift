import DefenseKit

/// Networks put together layer by layer.
struct ToyNetwork {
  private(set) var graph: Graph
  private(set) var tip = 0
  private var random = SeededGenerator(seed: 5)

  init(_ imageShape: [Int]) throws { graph = try Graph(inputShape: imageShape) }

  private var channels: Int { graph.nodes[tip].channels }

  var model: Model { Model(graph: graph, name: "toy") }

  private mutating func numbers(_ shape: [Int], from low: Double = -1, to high: Double = 1)
    -> Tensor
  {
    Tensor(
      shape: shape,
      values: (0..<shape.reduce(1, *)).map { _ in Float(low + (high - low) * random.unit()) })
  }

  @discardableResult
  mutating func add(
    _ name: String, _ operation: Graph.Operation, from inputs: Int...,
    activation: Activation = .linear
  ) throws -> Int {
    tip = try graph.append(
      name, operation, inputs: inputs.isEmpty ? [tip] : inputs, activation: activation)
    return tip
  }

  /// A 1x1 convolution whose channels have these norms: channel k reads input k mod inputs alone.
  @discardableResult
  mutating func convolution(
    _ name: String, norms: [Float], from input: Int? = nil, activation: Activation = .linear
  ) throws -> Int {
    tip = input ?? tip
    var kernel = Array(repeating: Float(0), count: channels * norms.count)
    for (k, norm) in norms.enumerated() { kernel[k % channels * norms.count + k] = norm }
    return try add(
      name,
      .convolution(
        Convolution(kernel: Tensor(shape: [1, 1, channels, norms.count], values: kernel))),
      activation: activation)
  }

  /// A convolution with random weights; the channels in `strong` are five times as strong.
  @discardableResult
  mutating func convolution(
    _ name: String, _ filters: Int, _ size: Int = 3, strong: [Int] = [], from input: Int? = nil,
    hasBias: Bool = false
  ) throws -> Int {
    tip = input ?? tip
    var kernel = numbers([size, size, channels, filters])
    kernel = Tensor(
      shape: kernel.shape,
      values: kernel.values.enumerated().map {
        strong.contains($0 % filters) ? 5 * $1 : $1
      })
    return try add(
      name,
      .convolution(
        Convolution(
          kernel: kernel, bias: hasBias ? numbers([filters]) : nil, padding: .same)))
  }

  /// A normalization that changes no bound: gamma is 1, variance + epsilon is 1; beta and mean are random.
  @discardableResult
  mutating func normalization(_ name: String, from input: Int? = nil) throws -> Int {
    tip = input ?? tip
    let c = channels
    return try add(
      name,
      .batchNormalization(
        BatchNormalization(
          gamma: Tensor(shape: [c], repeating: 1), beta: numbers([c]), mean: numbers([c]),
          variance: Tensor(shape: [c], repeating: 1), epsilon: 0)))
  }

  @discardableResult
  mutating func relu(_ name: String) throws -> Int {
    try add(name, .activation, activation: .relu)
  }

  /// Global pooling and a dense layer.
  mutating func classifier(_ classes: Int = 3) throws {
    try add("average", .globalPooling(.average, keepsDimensions: false))
    try add(
      "output", .dense(Dense(kernel: numbers([channels, classes]), bias: numbers([classes]))),
      activation: .softmax)
  }

  /// Images for the network, of values from 0 to 1.
  static func images(_ count: Int, _ shape: [Int]) -> ArraySource {
    var random = SeededGenerator(seed: 11)
    return ArraySource(
      (0..<count * shape.reduce(1, *)).map { _ in Float(random.unit()) }, imageShape: shape)
  }
}

extension Model {
  /// The convolution of this name.
  func convolution(_ name: String) -> Convolution? {
    guard let index = graph.index(of: name), case .convolution(let c) = graph.nodes[index].operation
    else { return nil }
    return c
  }

  /// The batch normalization of this name.
  func normalization(_ name: String) -> BatchNormalization? {
    guard let index = graph.index(of: name),
      case .batchNormalization(let b) = graph.nodes[index].operation
    else { return nil }
    return b
  }
}

extension Graph {
  /// The same network with other operations.
  func mapping(
    _ change: (Graph.Node) -> Graph.Operation
  ) throws -> Graph {
    var result = try Graph(inputShape: inputShape, inputName: nodes[0].name)
    for node in nodes.dropFirst() {
      try result.append(
        node.name, change(node), inputs: node.inputs, activation: node.activation)
    }
    result.setOutput(output)
    return result
  }
}
