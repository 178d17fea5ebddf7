internal import InferenceGraph

/// Builds a graph without weights, layer by layer; layers have the names of Keras files.
struct ArchitectureBuilder {
  private(set) var graph: Graph
  /// The default input of the next layer.
  private(set) var tip = 0

  init(_ imageShape: [Int]) throws(GraphError) { graph = try Graph(inputShape: imageShape) }

  /// Returns the shape of a node's output.
  func shape(of node: Int) -> [Int] { graph.nodes[node].shape }

  private func channels(of node: Int) -> Int { graph.nodes[node].channels }

  @discardableResult
  mutating func add(
    _ name: String, _ operation: Graph.Operation, from inputs: Int...,
    activation: Activation = .linear
  ) throws(GraphError) -> Int {
    tip = try graph.append(
      name, operation, inputs: inputs.isEmpty ? [tip] : inputs, activation: activation)
    return tip
  }

  @discardableResult
  mutating func convolution(
    _ name: String, _ filters: Int, _ size: Int, from input: Int? = nil, stride: Int = 1,
    padding: Padding = .same, hasBias: Bool = true, activation: Activation = .linear
  ) throws(GraphError) -> Int {
    let input = input ?? tip
    let layer = Convolution(
      kernel: Tensor(shape: [size, size, channels(of: input), filters], repeating: 0),
      bias: hasBias ? Tensor(shape: [filters], repeating: 0) : nil,
      strides: Extent(stride, stride), padding: padding)
    return try add(name, .convolution(layer), from: input, activation: activation)
  }

  @discardableResult
  mutating func normalization(_ name: String, from input: Int? = nil) throws(GraphError) -> Int {
    let input = input ?? tip
    let (zero, one) = (
      Tensor(shape: [channels(of: input)], repeating: 0),
      Tensor(shape: [channels(of: input)], repeating: 1)
    )
    let layer = BatchNormalization(gamma: one, beta: zero, mean: zero, variance: one)
    return try add(name, .batchNormalization(layer), from: input)
  }

  @discardableResult
  mutating func relu(_ name: String, from input: Int? = nil) throws(GraphError) -> Int {
    try add(name, .activation, from: input ?? tip, activation: .relu)
  }

  @discardableResult
  mutating func maxPooling(
    _ name: String, padding: Padding = .valid
  ) throws(GraphError) -> Int {
    try add(name, .pooling(Pooling(.max, window: Extent(2, 2), padding: padding)))
  }

  @discardableResult
  mutating func dense(
    _ name: String, _ units: Int, from input: Int? = nil, activation: Activation = .linear
  ) throws(GraphError) -> Int {
    let input = input ?? tip
    let layer = Dense(
      kernel: Tensor(shape: [channels(of: input), units], repeating: 0),
      bias: Tensor(shape: [units], repeating: 0))
    return try add(name, .dense(layer), from: input, activation: activation)
  }
}
