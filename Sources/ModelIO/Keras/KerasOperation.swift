import InferenceGraph

/// Creates an operation from a layer's configuration and weights.
struct KerasOperation {
  let layer: KerasLayer
  /// The names of the models around the layer.
  let path: [String]
  let weights: KerasWeights
  /// The major version of the Keras that wrote the configuration.
  let major: Int
  /// The shapes of its inputs, without the batch axis.
  let inputs: [[Int]]
  /// The shape, `[height, width, channels]`, of the image that the input vector flattens; nil if it
  /// does not.
  var flattened: [Int]?
  /// The shape of its weights in the file, if it differs from the layer's own.
  var weightShape: [Int]?

  /// The classes that become one node of a graph, without those that are the identity at inference.
  fileprivate static let classNames = KerasNetwork.classNames.union([
    "InputLayer", "Activation", "ReLU", "LeakyReLU", "ThresholdedReLU", "ELU", "Softmax", "Conv2D",
    "DepthwiseConv2D", "SeparableConv2D", "MaxPooling2D", "AveragePooling2D", "GlobalMaxPooling2D",
    "GlobalAveragePooling2D", "Dense", "BatchNormalization", "LayerNormalization",
    "GroupNormalization", "LayerScale", "Normalization", "Flatten", "Reshape", "ZeroPadding2D",
    "Cropping2D", "UpSampling2D", "Resizing", "Permute", "Rescaling", "Add", "Multiply", "Maximum",
    "Minimum", "Concatenate",
  ])

  var config: JSON { layer.config }
  var input: [Int] { inputs[0] }

  /// Returns the operation, and the activation applied to its result.
  func make() throws -> (Graph.Operation, Activation) {
    try checkDataFormat()
    try checkVariants()
    if let training = KerasIdentity.operation(layer) { return (.trainingOnly(training), .linear) }
    if let activation = try KerasActivation.layer(layer, rank: input.count, major: major) {
      return (.activation, activation)
    }
    if let operation = try convolutional() ?? weighted() ?? weightless() {
      return (operation, try activation())
    }
    // Unsupported layers were refused before; see `isSupported`.
    throw KerasError(layer, KerasNetwork.notSupported, rule: .kerasUnsupported)
  }

  // MARK: Layers by family

  private func convolutional() throws -> Graph.Operation? {
    switch layer.className {
    case "Conv2D":
      let groups = try layer.integer("groups", default: 1)
      let size = try extent("kernel_size")
      guard let filters = config["filters"]?.int, groups > 0, let channels = input.last else {
        throw KerasError(layer, "its filters or groups are not numbers")
      }
      let kernel = try weight(
        "kernel", shape: [size.height, size.width, channels / groups, filters])
      return .convolution(
        Convolution(
          kernel: kernel, bias: try bias(filters), strides: try extent("strides"),
          dilation: try extent("dilation_rate"), padding: try padding(), groups: groups))
    case "DepthwiseConv2D":
      let depthwise = try depthwiseConvolution()
      let channels = depthwise.kernel.shape[2] * depthwise.kernel.shape[3]
      return .depthwiseConvolution(
        DepthwiseConvolution(
          kernel: depthwise.kernel, bias: try bias(channels), strides: depthwise.strides,
          dilation: depthwise.dilation, padding: depthwise.padding))
    case "SeparableConv2D":
      let depthwise = try depthwiseConvolution()
      guard let filters = config["filters"]?.int else {
        throw KerasError(layer, "its filters are not a number")
      }
      let channels = depthwise.kernel.shape[2] * depthwise.kernel.shape[3]
      return .separableConvolution(
        SeparableConvolution(
          depthwise: depthwise,
          pointwise: try weight("pointwise_kernel", shape: [1, 1, channels, filters]),
          bias: try bias(filters)))
    case "MaxPooling2D", "AveragePooling2D":
      let window = try extent("pool_size", default: Extent(2, 2))
      return .pooling(
        Pooling(
          layer.className == "MaxPooling2D" ? .max : .average, window: window,
          strides: try extent("strides", default: window), padding: try padding()))
    case "GlobalMaxPooling2D", "GlobalAveragePooling2D":
      return .globalPooling(
        layer.className == "GlobalMaxPooling2D" ? .max : .average,
        keepsDimensions: try layer.flag("keepdims", default: false))
    default: return nil
    }
  }

  private func weighted() throws -> Graph.Operation? {
    switch layer.className {
    case "Dense":
      guard let units = config["units"]?.int, let features = input.last else {
        throw KerasError(layer, "its units are not a number")
      }
      return .dense(
        Dense(kernel: try weight("kernel", shape: [features, units]), bias: try bias(units)))
    case "BatchNormalization":
      try checkLastAxis("normalization")
      let shape = [input.last ?? 1]
      let hasGamma = try layer.flag("scale", default: true)
      let hasBeta = try layer.flag("center", default: true)
      let variance = try weight("moving_variance", shape: shape)
      if let position = variance.values.firstIndex(where: { $0 < 0 }) {
        throw KerasError(layer, "its moving variance is negative at position \(position)")
      }
      return .batchNormalization(
        BatchNormalization(
          gamma: hasGamma ? try weight("gamma", shape: shape) : nil,
          beta: hasBeta ? try weight("beta", shape: shape) : nil,
          mean: try weight("moving_mean", shape: shape), variance: variance,
          epsilon: try epsilon()))
    case "LayerNormalization", "GroupNormalization":
      return .layerNormalization(try layerNormalization())
    case "LayerScale":
      let gamma = try weight("gamma", shape: [input.last ?? 1])
      return .rescaling(try checked(Rescaling(scale: gamma.values)))
    case "Normalization": return .rescaling(try normalization())
    default: return nil
    }
  }

  private func weightless() throws -> Graph.Operation? {
    switch layer.className {
    case "InputLayer":
      // An input layer in the middle, for example in a model added to another one layer by layer.
      if let shape = KerasNetwork.shape(config), shape != input {
        throw KerasError(layer, "its input has shape \(input), but needs \(shape)")
      }
      return .trainingOnly(.other(layer.className))
    case "Flatten": return .flatten
    case "Reshape":
      guard let target = config["target_shape"]?.ints else {
        throw KerasError(layer, "its target shape is not readable")
      }
      return .reshape(try resolved(target))
    case "ZeroPadding2D":
      let (top, bottom, left, right) = try borders("padding")
      return .zeroPadding(top: top, bottom: bottom, left: left, right: right)
    case "Cropping2D":
      let (top, bottom, left, right) = try borders("cropping")
      return .rearrange(.cropping(top: top, bottom: bottom, left: left, right: right))
    case "Permute":
      guard let axes = config["dims"]?.ints, axes.allSatisfy({ (1...8).contains($0) }) else {
        throw KerasError(layer, "its dims are not readable, or are not axes")
      }
      return .rearrange(.permutation(axes: axes.map { $0 - 1 }))
    case "UpSampling2D":
      let size = try extent("size", default: Extent(2, 2))
      guard input.count == 3 else { throw KerasError(layer, "it needs an image, not \(input)") }
      guard (1...65536).contains(size.height), (1...65536).contains(size.width) else {
        throw KerasError(layer, "its size of \(size.height)x\(size.width) is out of range")
      }
      return try resizing(
        to: Extent(input[0] * size.height, input[1] * size.width),
        nearest: .repetition(rows: size.height, columns: size.width), default: "nearest")
    case "Resizing":
      guard input.count == 3 else { throw KerasError(layer, "it needs an image, not \(input)") }
      let size = Extent(
        try layer.integer("height", default: 0), try layer.integer("width", default: 0))
      for key in ["crop_to_aspect_ratio", "pad_to_aspect_ratio", "antialias"]
      where try layer.flag(key, default: false) && size != Extent(input[0], input[1]) {
        throw KerasError(layer, "its \(key) is not supported", rule: .kerasUnsupported)
      }
      return try resizing(
        to: size, nearest: .nearest(height: size.height, width: size.width), default: "bilinear")
    case "Maximum": return .maximum
    case "Minimum": return .minimum
    case "Rescaling":
      guard let scale = config["scale"]?.floats, let offset = (config["offset"] ?? 0).floats else {
        throw KerasError(layer, "its scale or offset is not readable")
      }
      return .rescaling(try checked(Rescaling(scale: scale, offset: offset)))
    case "Add": return .add
    case "Multiply": return .multiply
    case "Concatenate":
      try checkLastAxis("concatenation")
      return .concatenate
    default: return nil
    }
  }
}

extension KerasLayer {
  /// Whether layers of this class can be run; their settings may still be refused.
  var isSupported: Bool {
    if KerasArithmetic(self) != nil { return true }
    if isOperation { return false }
    return KerasOperation.classNames.contains(className)
      || KerasGraphBuilder.composedLayers.contains(className) || KerasIdentity.isIdentity(className)
  }
}
