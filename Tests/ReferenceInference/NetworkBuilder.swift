package import InferenceGraph

/// Builds small networks of known architectures, with random weights, for tests.
package struct NetworkBuilder {
  package var graph: Graph
  package var random = SplitMix64(seed: 7)
  package var tip = 0

  package init(_ shape: [Int]) throws { graph = try Graph(inputShape: shape) }

  package var channels: Int { graph.nodes[tip].channels }

  package mutating func tensor(_ shape: [Int]) -> Tensor {
    Tensor(shape: shape, values: random.floats(shape.reduce(1, *), limit: 0.3))
  }

  @discardableResult
  package mutating func add(
    _ name: String, _ operation: Graph.Operation, from inputs: Int...,
    activation: Activation = .linear
  ) throws -> Int {
    tip = try graph.append(
      name, operation, inputs: inputs.isEmpty ? [tip] : inputs, activation: activation)
    return tip
  }

  @discardableResult
  package mutating func conv(
    _ name: String, _ filters: Int, _ size: Int = 3, stride: Int = 1, padding: Padding = .same,
    from input: Int? = nil, activation: Activation = .relu
  ) throws -> Int {
    tip = input ?? tip
    let convolution = Convolution(
      kernel: tensor([size, size, channels, filters]), bias: tensor([filters]),
      strides: Extent(stride, stride), padding: padding)
    return try add(name, .convolution(convolution), activation: activation)
  }

  @discardableResult
  package mutating func depthwise(_ name: String, activation: Activation = .relu) throws -> Int {
    try add(
      name,
      .depthwiseConvolution(
        DepthwiseConvolution(
          kernel: tensor([3, 3, channels, 1]), bias: tensor([channels]), padding: .same)),
      activation: activation)
  }

  @discardableResult
  package mutating func dense(
    _ name: String, _ units: Int, from input: Int? = nil, activation: Activation = .linear
  ) throws -> Int {
    tip = input ?? tip
    return try add(
      name, .dense(Dense(kernel: tensor([channels, units]), bias: tensor([units]))),
      activation: activation)
  }

  @discardableResult
  package mutating func normalize(_ name: String, activation: Activation = .linear) throws -> Int {
    let c = channels
    let normalization = BatchNormalization(
      gamma: tensor([c]), beta: tensor([c]), mean: tensor([c]),
      variance: Tensor(shape: [c], repeating: 1))
    return try add(name, .batchNormalization(normalization), activation: activation)
  }

  @discardableResult
  package mutating func maxPool(_ name: String, _ size: Int = 2) throws -> Int {
    try add(name, .pooling(Pooling(.max, window: Extent(size, size))))
  }

  /// DeepID (Sun et al. 2014) as the lab has it, with fewer channels and classes.
  package static func deepID() throws -> Graph {
    var net = try NetworkBuilder([27, 23, 3])
    try net.conv("conv_1", 4, 4, padding: .valid)
    try net.maxPool("pool_1")
    try net.conv("conv_2", 6, 3, padding: .valid)
    try net.maxPool("pool_2")
    try net.conv("conv_3", 7, 2, padding: .valid)
    let pool3 = try net.maxPool("pool_3", 1)
    try net.conv("conv_4", 8, 2, padding: .valid)
    let flat2 = try net.add("flatten_2", .flatten)
    let flat1 = try net.add("flatten_1", .flatten, from: pool3)
    let fc1 = try net.dense("fc_1", 5, from: flat1)
    let fc2 = try net.dense("fc_2", 5, from: flat2)
    try net.add("add_1", .add, from: fc1, fc2)
    try net.add("activation_1", .activation, activation: .relu)
    try net.dense("output", 9, activation: .softmax)
    return net.graph
  }

  package static func vgg() throws -> Graph {
    var net = try NetworkBuilder([16, 16, 3])
    for block in 1...3 {
      try net.conv("block\(block)_conv1", 4)
      try net.conv("block\(block)_conv2", 4)
      try net.maxPool("block\(block)_pool")
    }
    try net.add("flatten", .flatten)
    try net.dense("fc1", 8, activation: .relu)
    try net.dense("predictions", 5, activation: .softmax)
    return net.graph
  }

  /// A residual network; the last block has a projection, listed behind the long branch.
  package static func resNet(preActivation: Bool = false) throws -> Graph {
    var net = try NetworkBuilder([12, 12, 3])
    try net.conv("stem", 4, activation: preActivation ? .linear : .relu)
    for block in 1...2 {
      let start = net.tip
      let filters = block == 2 ? 6 : 4
      if preActivation { try net.normalize("block\(block)_bn0", activation: .relu) }
      try net.conv("block\(block)_conv1", filters, activation: .linear)
      try net.normalize("block\(block)_bn1", activation: .relu)
      var long = try net.conv("block\(block)_conv2", filters, activation: .linear)
      if !preActivation { long = try net.normalize("block\(block)_bn2") }
      let short =
        block == 2 ? try net.conv("block2_project", 6, 1, from: start, activation: .linear) : start
      try net.add(
        "block\(block)_add", .add, from: short, long, activation: preActivation ? .linear : .relu)
    }
    try net.add("gap", .globalPooling(.average, keepsDimensions: false))
    try net.dense("predictions", 5, activation: .softmax)
    return net.graph
  }

  /// MobileNet style: depthwise and 1x1 layers, a gate, and a head of 1x1 convolutions.
  package static func mobileNet() throws -> Graph {
    var net = try NetworkBuilder([12, 12, 3])
    try net.conv("conv1", 4, stride: 2)
    for block in 1...2 {
      try net.depthwise("conv_dw_\(block)")
      let wide = try net.conv("conv_pw_\(block)", 6, 1)
      guard block == 1 else { break }
      try net.add("squeeze", .globalPooling(.average, keepsDimensions: true))
      try net.conv("se_reduce", 2, 1)
      let gate = try net.conv("se_expand", 6, 1, activation: .sigmoid)
      try net.add("gated", .multiply, from: wide, gate)
    }
    try net.add("gap", .globalPooling(.average, keepsDimensions: true))
    try net.conv("conv_hidden", 7, 1)
    try net.conv("conv_preds", 5, 1, activation: .linear)
    try net.add("flatten", .flatten)
    try net.add("softmax", .activation, activation: .softmax)
    return net.graph
  }
}
