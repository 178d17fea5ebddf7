public import InferenceGraph

/// Small random classifiers with everything that makes editing and running graphs hard.
///
/// Images of odd and even sizes about 8x8 to 12x12; all kinds of convolution, padding and pooling;
/// residual sums with and without projection, pre-activation blocks, squeeze-and-excitation,
/// concatenated branches; tails that flatten, reshape, pool globally, or fork as DeepID does.
public struct RandomGraph {
  var graph: Graph
  var random: SplitMix64
  /// The node that the next one reads.
  var tip = 0

  /// What a network ends in.
  public enum Head: Sendable, CaseIterable {
    /// The softmax of three to six scores.
    case softmax
    /// Two classes of one score, as a sigmoid unit is read.
    case binary
  }

  /// Returns the graph of a seed; equal seeds give equal graphs.
  public static func make(seed: UInt64, head: Head = .softmax) throws(GraphError) -> Graph {
    var random = SplitMix64(seed: seed)
    let shape = [random.int(7...12), random.int(7...12), random.int(1...4)]
    var maker = RandomGraph(graph: try Graph(inputShape: shape), random: random)
    if maker.random.oneIn(3) {
      try maker.add(
        .rescaling(
          Rescaling(
            scale: maker.random.floats(shape[2]), offset: maker.random.floats(shape[2]))))
    }
    try maker.addConvolution()
    for _ in 0..<maker.random.int(2...5) { try maker.addStage() }
    let classes = maker.random.int(3...6)
    try maker.addTail()
    try maker.addHead(head, classes: classes)
    return maker.graph
  }

  /// Returns an image for the graph with values in -1...1.
  public static func image(for graph: Graph, seed: UInt64) -> [Float] {
    var random = SplitMix64(seed: seed)
    return random.floats(graph.inputShape.reduce(1, *))
  }

  var shape: [Int] { graph.nodes[tip].shape }

  @discardableResult
  mutating func add(
    _ operation: Graph.Operation, inputs: [Int]? = nil, activation: Activation = .linear
  ) throws(GraphError) -> Int {
    tip = try graph.append(
      "\(operation.shortName)_\(graph.nodes.count)", operation, inputs: inputs ?? [tip],
      activation: activation)
    return tip
  }

  /// Returns weights such that results stay about as large as their inputs.
  mutating func weights(_ shape: [Int], fanIn: Int) -> Tensor {
    Tensor(
      shape: shape,
      values: random.floats(shape.reduce(1, *), limit: (2 / Float(fanIn)).squareRoot()))
  }

  mutating func bias(_ count: Int) -> Tensor? {
    random.oneIn(4) ? nil : Tensor(shape: [count], values: random.floats(count, limit: 0.5))
  }

  mutating func activation() -> Activation {
    if random.oneIn(2) { return .relu }
    let all: [Activation] = [
      .linear, .relu(cap: 1), .relu(slope: 0.2), .relu(cap: 2, slope: 0.1, threshold: 0.25), .elu(),
      .selu, .celu(alpha: 0.5), .sigmoid, .hardSigmoid(), .hardSigmoid(slope: 0.2), .hardSiLU,
      .hardTanh, .silu, .tanh, .tanhShrink, .softplus, .softsign, .logSigmoid, .exponential,
      .gelu(), .gelu(approximate: true), .mish, .squareplus, .hardShrink, .softShrink,
    ]
    return all[random.int(0...all.count - 1)]
  }

  /// A window, strides, dilation and padding that fit the tip.
  mutating func window(stride: Bool = true) -> (Extent, Extent, Extent, Padding) {
    let window = Extent(random.int(1...3), random.int(1...3))
    let padding: Padding = random.oneIn(2) ? .same : random.oneIn(3) ? explicit(0...3) : .valid
    let (h, w) = (shape[0], shape[1])
    if padding != .same && (h < 2 * window.height || w < 2 * window.width) {
      return (.one, .one, .one, .valid)
    }
    if stride && h > 4 && w > 4 && random.oneIn(4) {
      let step = random.int(1...2)
      return (window, Extent(2, step), .one, padding)
    }
    let dilates = random.oneIn(4) && h > 5 && w > 5
    return (window, .one, dilates ? Extent(2, random.int(1...2)) : .one, padding)
  }

  /// So many pixels at each border.
  mutating func explicit(_ extents: ClosedRange<Int>) -> Padding {
    .explicit(
      top: random.int(extents), bottom: random.int(extents), left: random.int(extents),
      right: random.int(extents))
  }

  /// A convolution of a random kind; `keepingSize` makes it fit into a residual sum.
  mutating func addConvolution(
    filters: Int? = nil, keepingSize: Bool = false, activation: Activation? = nil
  ) throws(GraphError) {
    var (window, strides, dilation, padding) = window(stride: !keepingSize)
    if keepingSize { (strides, padding) = (.one, .same) }
    let inputs = shape[2]
    var filters = filters ?? random.int(3...8)
    let groups = !keepingSize && random.oneIn(4) && inputs % 2 == 0 ? 2 : 1
    if filters % groups != 0 { filters += 1 }
    let kernel = weights(
      [window.height, window.width, inputs / groups, filters],
      fanIn: window.height * window.width * inputs / groups)
    try add(
      .convolution(
        Convolution(
          kernel: kernel, bias: bias(filters), strides: strides, dilation: dilation,
          padding: padding, groups: groups)),
      activation: activation ?? self.activation())
  }

  mutating func addDepthwise() throws(GraphError) {
    let (window, strides, dilation, padding) = window()
    let multiplier = random.oneIn(3) ? 2 : 1
    // TensorFlow allows no unequal strides here.
    try add(
      .depthwiseConvolution(
        DepthwiseConvolution(
          kernel: weights(
            [window.height, window.width, shape[2], multiplier],
            fanIn: window.height * window.width),
          bias: bias(shape[2] * multiplier), strides: Extent(strides.height, strides.height),
          dilation: dilation, padding: padding)),
      activation: activation())
  }

  mutating func addSeparable() throws(GraphError) {
    let (window, _, dilation, padding) = window(stride: false)
    let multiplier = random.int(1...2)
    let filters = random.int(3...7)
    let spatial = DepthwiseConvolution(
      kernel: weights(
        [window.height, window.width, shape[2], multiplier], fanIn: window.height * window.width),
      dilation: dilation, padding: padding)
    let mixed = shape[2] * multiplier
    try add(
      .separableConvolution(
        SeparableConvolution(
          depthwise: spatial, pointwise: weights([1, 1, mixed, filters], fanIn: mixed),
          bias: bias(filters))),
      activation: activation())
  }

  mutating func addNormalization(activation: Activation) throws(GraphError) {
    let channels = shape[shape.count - 1]
    let spread = random.floats(channels, limit: 0.4).map { $0 + 0.6 }
    try add(
      .batchNormalization(
        BatchNormalization(
          gamma: random.oneIn(4) ? nil : Tensor(shape: [channels], values: random.floats(channels)),
          beta: bias(channels),
          mean: Tensor(shape: [channels], values: random.floats(channels, limit: 0.5)),
          variance: Tensor(shape: [channels], values: spread))),
      activation: activation)
  }

  mutating func addLayerNormalization(activation: Activation) throws(GraphError) {
    let channels = shape[shape.count - 1]
    let counts = (1...channels).filter { channels % $0 == 0 }
    try add(
      .layerNormalization(
        LayerNormalization(
          gamma: random.oneIn(4) ? nil : Tensor(shape: [channels], values: random.floats(channels)),
          beta: bias(channels),
          over: random.oneIn(2) ? .position : .groups(counts[random.int(0...counts.count - 1)]),
          epsilon: 0.05)),
      activation: activation)
  }

  mutating func addDense(
    _ units: Int, activation: Activation, hasBias: Bool = true
  ) throws(GraphError) {
    let inputs = shape[shape.count - 1]
    try add(
      .dense(
        Dense(
          kernel: weights([inputs, units], fanIn: inputs), bias: hasBias ? bias(units) : nil)),
      activation: activation)
  }
}

extension Graph.Operation {
  /// A word for names.
  fileprivate var shortName: String {
    displayName.split(separator: " ").map { $0.prefix(4) }.joined(separator: "_")
  }
}
