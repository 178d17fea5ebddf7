import InferenceGraph

extension RandomGraph {
  /// Adds one of the blocks that networks are made of.
  mutating func addStage() throws(GraphError) {
    switch random.int(0...17) {
    case 0, 1: try addConvolution()
    case 2:
      try addConvolution(activation: .linear)
      try addNormalization(activation: activation())
    case 3: try addDepthwise()
    case 4: try addSeparable()
    case 5: try addPooling()
    case 6: try addPreActivationBlock()
    case 7: try addResidualBlock()
    case 8: try addGate()
    case 9: try addBranches()
    case 10:
      try add(
        .zeroPadding(top: random.int(0...1), bottom: 1, left: random.int(0...2), right: 0))
      try addConvolution()
    case 11: try addLayerNormalization(activation: activation())
    case 12: try addResampling()
    case 13:
      let (left, right) = (tip, try add(.activation, activation: activation()))
      try add(
        random.oneIn(2) ? .maximum : .minimum, inputs: [left, right], activation: activation())
    case 14:
      let alpha = Tensor(shape: [shape[2]], values: random.floats(shape[2]))
      try add(.parametricReLU(ParametricReLU(alpha: alpha)))
    case 15:
      try add(
        .responseNormalization(
          ResponseNormalization(
            size: 2 * random.int(0...2) + 1, alpha: Float(random.int(1...8)) / 4,
            beta: Float(random.int(1...5)) / 4, bias: Float(random.int(1...4)) / 2)),
        activation: activation())
    case 16: try addAttention()
    default:
      try add(.trainingOnly(.spatialDropout(rate: 0.2)))
      try add(.activation, activation: activation())
    }
  }

  /// Cropping, permutation, and images of another size.
  private mutating func addResampling() throws(GraphError) {
    let (height, width) = (shape[0], shape[1])
    let crops = height > 4 && width > 4
    switch random.int(0...8) {
    case 0 where crops:
      try add(
        .rearrange(
          .cropping(
            top: random.int(0...2), bottom: random.int(0...1), left: random.int(0...1),
            right: random.int(0...2))))
    case 1 where height * width < 80:
      try add(.rearrange(.repetition(rows: random.int(1...2), columns: random.int(1...2))))
    case 2: try add(.rearrange(.permutation(axes: [1, 0, 2])))
    case 4 where height * width < 60:
      try add(.rearrange(.zeroInsertion(rows: random.int(1...3), columns: random.int(1...3))))
      if random.oneIn(2) { try addConvolution() }
    case 3:
      try add(
        .rearrange(.nearest(height: random.int(2...13), width: random.int(2...13))),
        activation: activation())
    case 5:
      // Channels that are left out, moved or repeated, as channel shuffle moves them.
      let count = random.int(1...2 * shape[2])
      let indices = (0..<count).map { _ in random.int(0...shape[2] - 1) }
      try add(.rearrange(.selection(axis: -1, indices: indices)), activation: activation())
    case 6:
      let axis = random.int(-3 ... -2)
      let extent = shape[3 + axis]
      let indices = (0..<random.int(1...extent)).map { _ in random.int(0...extent - 1) }
      try add(.rearrange(.selection(axis: axis, indices: indices)), activation: activation())
    case 7:
      try add(
        .adaptivePooling(AdaptivePooling(height: random.int(1...9), width: random.int(1...9))),
        activation: activation())
    default:
      try add(
        .resize(BilinearResizing(height: random.int(2...13), width: random.int(2...13))),
        activation: activation())
    }
  }

  /// Self-attention over pixels (Vaswani et al. 2017), with one or two heads, and a constant for each
  /// pixel.
  private mutating func addAttention() throws(GraphError) {
    let (height, width, channels) = (shape[0], shape[1], shape[2])
    let pixels = height * width
    guard pixels <= 70 else { return try addPooling() }
    let heads = random.int(1...2)
    let size = random.int(1...3)
    try add(.reshape([pixels, channels]))
    let table = Tensor(shape: [pixels, channels], values: random.floats(pixels * channels))
    let tokens = tip
    let positions = try add(.constantValue(ConstantValue(table)))
    let start = try add(.add, inputs: [tokens, positions])
    var parts: [Int] = []
    for part in 0..<3 {
      tip = start
      // A bias of the keys would make no difference.
      try addDense(heads * size, activation: .linear, hasBias: part != 1)
      try add(.reshape([pixels, heads, size]))
      parts.append(
        try add(.rearrange(.permutation(axes: part == 1 ? [1, 2, 0] : [1, 0, 2]))))
    }
    try add(.matrixProduct, inputs: [parts[0], parts[1]], activation: .softmax)
    try add(.matrixProduct, inputs: [tip, parts[2]])
    try add(.rearrange(.permutation(axes: [1, 0, 2])))
    try add(.reshape([pixels, heads * size]))
    try addDense(channels, activation: .linear)
    try add(.add, inputs: [start, tip])
    try add(.reshape([height, width, channels]))
  }

  mutating func addPooling() throws(GraphError) {
    var (window, _, _, padding) = window(stride: false)
    let strides = shape[0] > 5 && shape[1] > 5 ? Extent(2, 2) : .one
    if case .explicit = padding {
      // No more than what Keras can be made to do.
      padding = .explicit(
        top: random.int(0...(window.height - 1) / 2), bottom: random.int(0...window.height / 2),
        left: random.int(0...(window.width - 1) / 2), right: random.int(0...window.width / 2))
    }
    try add(
      .pooling(
        Pooling(
          random.oneIn(2) ? .max : .average, window: window, strides: strides, padding: padding)))
  }

  /// He et al. 2016 (b): normalization and activation come before each convolution.
  private mutating func addPreActivationBlock() throws(GraphError) {
    let start = tip
    let channels = shape[2]
    try addNormalization(activation: .relu)
    try addConvolution(keepingSize: true, activation: .linear)
    try addNormalization(activation: .relu)
    try addConvolution(filters: channels, keepingSize: true, activation: .linear)
    try add(.add, inputs: [start, tip])
  }

  /// He et al. 2016 (a), with a projection on the short way or without.
  private mutating func addResidualBlock() throws(GraphError) {
    let start = tip
    let projects = random.oneIn(2)
    let channels = projects ? random.int(3...6) : shape[2]
    try addConvolution(keepingSize: true, activation: activation())
    try addConvolution(filters: channels, keepingSize: true, activation: .linear)
    if random.oneIn(2) { try addNormalization(activation: .linear) }
    let long = tip
    var short = start
    if projects {
      tip = start
      try addConvolution(filters: channels, keepingSize: true, activation: .linear)
      short = tip
    }
    try add(.add, inputs: [short, long], activation: activation())
  }

  /// Squeeze-and-excitation (Hu et al. 2018), with dense layers or 1x1 convolutions.
  private mutating func addGate() throws(GraphError) {
    let start = tip
    let channels = shape[2]
    if random.oneIn(2) {
      try add(.globalPooling(.average, keepsDimensions: false))
      try addDense(3, activation: .relu)
      try addDense(channels, activation: .sigmoid)
      try add(.reshape([1, 1, channels]))
    } else {
      try add(.globalPooling(.average, keepsDimensions: true))
      try addConvolution(filters: 3, keepingSize: true, activation: .relu)
      try addConvolution(filters: channels, keepingSize: true, activation: .sigmoid)
    }
    try add(.multiply, inputs: [start, tip])
  }

  private mutating func addBranches() throws(GraphError) {
    let start = tip
    try addConvolution(keepingSize: true)
    let first = tip
    tip = start
    try addConvolution(keepingSize: true)
    var parts = [first, tip]
    if random.oneIn(2) { parts.insert(start, at: 0) }
    try add(.concatenate, inputs: parts, activation: random.oneIn(3) ? .relu : .linear)
  }

  /// From the last image to a vector.
  mutating func addTail() throws(GraphError) {
    switch random.int(0...5) {
    case 0:
      try add(.globalPooling(random.oneIn(2) ? .average : .max, keepsDimensions: false))
    case 1:
      try add(.flatten)
      try addDense(random.int(4...9), activation: activation())
    case 2:
      try add(.reshape([shape[0] * shape[1], shape[2]]))
      try addDense(4, activation: activation())
      try add(.flatten)
    case 3:
      // The fork of DeepID: pixels and one more convolution, each with its dense layer, summed.
      let start = tip
      let units = random.int(4...8)
      try add(.flatten)
      try addDense(units, activation: .linear)
      let short = tip
      tip = start
      try addConvolution()
      try add(.flatten)
      try addDense(units, activation: .linear)
      try add(.add, inputs: [short, tip])
      try add(.activation, activation: .relu)
    case 4:
      try add(.reshape([shape.reduce(1, *)]))
      try add(.trainingOnly(.dropout(rate: 0.5)))
      try addDense(random.int(4...9), activation: activation())
      try addNormalization(activation: activation())
    default:
      try add(.globalPooling(.average, keepsDimensions: true))
      try addConvolution(filters: 6, keepingSize: true)
      try add(.flatten)
    }
  }

  /// From the vector to the classes.
  mutating func addHead(_ head: Head, classes: Int) throws(GraphError) {
    let isOneLayer = random.oneIn(2)
    let activation: Activation = isOneLayer ? .softmax : .linear
    switch head {
    case .softmax: try addDense(classes, activation: activation)
    case .binary:
      try addDense(1, activation: .linear)
      try add(.binaryLogits, activation: activation)
    }
    if !isOneLayer { try add(.activation, activation: .softmax) }
  }
}
