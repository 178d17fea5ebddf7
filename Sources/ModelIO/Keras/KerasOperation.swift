import InferenceGraph

/// Makes an operation from a layer's configuration and weights.
struct KerasOperation {
  let layer: KerasLayer
  /// The names of the models around the layer.
  let path: [String]
  let weights: KerasWeights
  /// The major version of the Keras that wrote the configuration.
  let major: Int
  /// The shapes of its inputs.
  let inputs: [[Int]]

  private var config: JSONValue { layer.config }
  private var input: [Int] { inputs[0] }

  /// Returns the operation and the activation that the layer applies to its result.
  func make() throws -> (Operation, Activation) {
    try checkDataFormat()
    if let training = KerasIdentity.operation(layer) { return (.trainingOnly(training), .linear) }
    if let activation = try KerasActivation.layer(layer, rank: input.count, major: major) {
      return (.activation, activation)
    }
    if let operation = try convolutional() ?? weighted() ?? weightless() {
      return (operation, try activation())
    }
    switch layer.className {
    case "Lambda":
      throw KerasError(
        layer, "a Lambda layer is code in the file, which is never run; rebuild the model without it")
    case "PReLU", "ThresholdedReLU", "UpSampling2D", "Cropping2D", "Permute", "Subtract", "Average",
      "Maximum", "Minimum", "Conv2DTranspose", "LayerNormalization", "GroupNormalization",
      "UnitNormalization", "Conv1D", "Conv3D", "LSTM", "GRU", "Embedding", "MultiHeadAttention",
      "Resizing", "CenterCrop", "RepeatVector", "Masking":
      throw KerasError(layer, "this class of layer is not supported")
    default:
      throw KerasError(
        layer, "an unknown class of layer; only Keras's own image layers can be read, code is "
          + "never run")
    }
  }

  // MARK: Layers by family

  private func convolutional() throws -> Operation? {
    switch layer.className {
    case "Conv2D":
      let groups = config["groups"]?.int ?? 1
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
        keepsDimensions: config["keepdims"]?.bool ?? false)
    default: return nil
    }
  }

  private func weighted() throws -> Operation? {
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
      let hasGamma = config["scale"]?.bool ?? true
      let hasBeta = config["center"]?.bool ?? true
      let variance = try weight("moving_variance", shape: shape)
      if let position = variance.values.firstIndex(where: { $0 < 0 }) {
        throw KerasError(layer, "its moving variance is negative at position \(position)")
      }
      return .batchNormalization(
        BatchNormalization(
          gamma: hasGamma ? try weight("gamma", shape: shape) : nil,
          beta: hasBeta ? try weight("beta", shape: shape) : nil,
          mean: try weight("moving_mean", shape: shape), variance: variance,
          epsilon: Float(config["epsilon"]?.number ?? 1e-3)))
    case "Normalization": return .rescaling(try normalization())
    default: return nil
    }
  }

  private func weightless() throws -> Operation? {
    switch layer.className {
    case "Flatten": return .flatten
    case "Reshape":
      guard let target = config["target_shape"]?.ints else {
        throw KerasError(layer, "its target shape is not readable")
      }
      return .reshape(try resolved(target))
    case "ZeroPadding2D":
      let padding = config["padding"]
      if let all = padding?.int {
        return .zeroPadding(top: all, bottom: all, left: all, right: all)
      }
      if let symmetric = padding?.ints, symmetric.count == 2 {
        let (y, x) = (symmetric[0], symmetric[1])
        return .zeroPadding(top: y, bottom: y, left: x, right: x)
      }
      guard let vertical = padding?[0]?.ints, let horizontal = padding?[1]?.ints,
        vertical.count == 2, horizontal.count == 2
      else { throw KerasError(layer, "its padding is not readable") }
      return .zeroPadding(
        top: vertical[0], bottom: vertical[1], left: horizontal[0], right: horizontal[1])
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

  // MARK: Parts

  private func depthwiseConvolution() throws -> DepthwiseConvolution {
    let size = try extent("kernel_size")
    let shape = [
      size.height, size.width, input.last ?? 1, config["depth_multiplier"]?.int ?? 1,
    ]
    return DepthwiseConvolution(
      kernel: try weight("depthwise_kernel", shape: shape), strides: try extent("strides"),
      dilation: try extent("dilation_rate"), padding: try padding())
  }

  /// (x - mean) / max(sqrt(variance), 1e-7), with constants from the configuration or as weights.
  private func normalization() throws -> Rescaling {
    if config["invert"]?.bool == true {
      throw KerasError(layer, "inverted normalization is not supported")
    }
    let axis = config["axis"]
    let axes = axis?.ints ?? axis?.int.map { [$0] } ?? []
    guard axes.count <= 1, axes.allSatisfy({ $0 == -1 || $0 == input.count }) else {
      throw KerasError(layer, "normalization along axes \(axes) is not supported, only the last")
    }
    let mean = try config["mean"]?.floats ?? weights.tensor("mean", of: layer, in: path)?.values
    let variance =
      try config["variance"]?.floats ?? weights.tensor("variance", of: layer, in: path)?.values
    guard let mean, let variance, mean.count == variance.count else {
      throw KerasError(layer, "its mean and variance are missing; adapt it before saving the model")
    }
    let scale = variance.map { 1 / max(Double($0).squareRoot(), 1e-7) }
    return try checked(
      Rescaling(
        scale: scale.map { Float($0) },
        offset: zip(mean, scale).map { Float(-Double($0) * $1) }))
  }

  private func checked(_ rescaling: Rescaling) throws -> Rescaling {
    guard (rescaling.scale + rescaling.offset).allSatisfy(\.isFinite) else {
      throw KerasError(layer, "its scale or offset is NaN or infinite")
    }
    return rescaling
  }

  private func activation() throws -> Activation {
    try KerasActivation.parse(config["activation"], of: layer, major: major)
  }

  private func weight(_ role: String, shape: [Int]) throws -> Tensor {
    guard let tensor = try weights.tensor(role, of: layer, in: path) else {
      throw KerasError(layer, "its weight '\(role)' is missing in the file")
    }
    guard tensor.shape == shape else {
      throw KerasError(
        layer, "its weight '\(role)' has shape \(tensor.shape), where \(shape) fits")
    }
    return tensor
  }

  private func bias(_ count: Int) throws -> Tensor? {
    config["use_bias"]?.bool ?? true ? try weight("bias", shape: [count]) : nil
  }

  private func extent(_ key: String, default fallback: Extent = .one) throws -> Extent {
    guard let json = config[key], !json.isNull else { return fallback }
    if let both = json.int { return Extent(both, both) }
    guard let values = json.ints, values.count == 2 else {
      throw KerasError(layer, "its \(key) is not a pair of numbers")
    }
    return Extent(values[0], values[1])
  }

  private func padding() throws -> Padding {
    let name = config["padding"]?.string ?? "valid"
    guard let padding = Padding(rawValue: name) else {
      throw KerasError(layer, "its padding '\(name)' is unknown")
    }
    return padding
  }

  /// Returns the shape with its one -1 replaced by what is left.
  private func resolved(_ target: [Int]) throws -> [Int] {
    let known = target.filter { $0 != -1 }
    var product = 1
    for extent in known {
      let (result, overflow) = product.multipliedReportingOverflow(by: extent)
      guard extent > 0, !overflow else { throw KerasError(layer, "it cannot reshape to \(target)") }
      product = result
    }
    let count = input.reduce(1, *)
    guard known.count < target.count else { return target }
    guard known.count == target.count - 1, count % product == 0 else {
      throw KerasError(layer, "it cannot reshape \(input) to \(target)")
    }
    return target.map { $0 == -1 ? count / product : $0 }
  }

  private func checkLastAxis(_ what: String) throws {
    let axis = config["axis"]?.int ?? config["axis"]?[0]?.int ?? -1
    guard axis == -1 || axis == input.count else {
      throw KerasError(layer, "\(what) along axis \(axis) is not supported, only the last")
    }
  }

  private func checkDataFormat() throws {
    if config["data_format"]?.string == "channels_first" {
      throw KerasError(
        layer, "channels_first is not supported; save the model with channels_last layers")
    }
  }
}
