internal import DefenseKit

extension ToyProblem {
  /// Returns twice convolution and pooling, then two dense layers, with initial weights.
  static func plainNetwork(
    _ imageShape: [Int], _ classCount: Int, seed: UInt64
  ) throws -> Model {
    var graph = try Graph(inputShape: imageShape)
    for (number, filters) in [(1, 8), (2, 12)] {
      try graph.addConvolution("conv_\(number)", filters, hasBias: true, activation: .relu)
      try graph.add("pool_\(number)", .pooling(Pooling(.max, window: Extent(2, 2))))
    }
    try graph.add("flatten", .flatten)
    try graph.addDense("fc_1", 16, activation: .relu)
    try graph.addDense("output", classCount, activation: .softmax)
    return Model(
      graph: graph.initialized(seed: seed), preprocessing: Preprocessing(scale: 1 / 255),
      name: "toy_plain")
  }

  /// Returns twice convolution, normalization, rectifier and pooling, then a dense layer, with
  /// initial weights.
  static func normalizedNetwork(
    _ imageShape: [Int], _ classCount: Int, seed: UInt64
  ) throws -> Model {
    var graph = try Graph(inputShape: imageShape)
    for (number, filters) in [(1, 8), (2, 12)] {
      try graph.addConvolution("conv_\(number)", filters, hasBias: false)
      let (zero, one) = (
        Tensor(shape: [filters], repeating: 0), Tensor(shape: [filters], repeating: 1)
      )
      let normalization = BatchNormalization(gamma: one, beta: zero, mean: zero, variance: one)
      try graph.add("norm_\(number)", .batchNormalization(normalization))
      try graph.add("relu_\(number)", .activation, activation: .relu)
      try graph.add("pool_\(number)", .pooling(Pooling(.max, window: Extent(2, 2))))
    }
    try graph.add("flatten", .flatten)
    try graph.addDense("output", classCount, activation: .softmax)
    return Model(
      graph: graph.initialized(seed: seed), preprocessing: Preprocessing(scale: 1 / 255),
      name: "toy_normalized")
  }

  /// Returns a trained copy; a few epochs suffice for these images.
  static func trained(_ model: Model, on images: LabelledImages, seed: UInt64) throws -> Model {
    let options = TrainingOptions(
      epochs: 16, batchSize: 20, optimizer: .adam(), learningRate: 0.005, schedule: .cosine,
      seed: seed)
    return try model.trained(on: images.trainingSet, options: options).model
  }
}

extension Graph {
  /// Appends a layer that reads the last one.
  fileprivate mutating func add(
    _ name: String, _ operation: Graph.Operation, activation: Activation = .linear
  ) throws(GraphError) {
    try append(name, operation, inputs: [nodes.count - 1], activation: activation)
  }

  fileprivate mutating func addConvolution(
    _ name: String, _ filters: Int, hasBias: Bool, activation: Activation = .linear
  ) throws(GraphError) {
    let layer = Convolution(
      kernel: Tensor(shape: [3, 3, nodes[nodes.count - 1].channels, filters], repeating: 0),
      bias: hasBias ? Tensor(shape: [filters], repeating: 0) : nil, padding: .same)
    try add(name, .convolution(layer), activation: activation)
  }

  fileprivate mutating func addDense(
    _ name: String, _ units: Int, activation: Activation
  ) throws(GraphError) {
    let layer = Dense(
      kernel: Tensor(shape: [nodes[nodes.count - 1].channels, units], repeating: 0),
      bias: Tensor(shape: [units], repeating: 0))
    try add(name, .dense(layer), activation: activation)
  }
}
