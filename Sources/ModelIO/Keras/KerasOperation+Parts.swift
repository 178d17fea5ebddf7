import InferenceGraph

/// Parts that several layers' configurations share.
extension KerasOperation {
  func depthwiseConvolution() throws -> DepthwiseConvolution {
    let size = try extent("kernel_size")
    let shape = [
      size.height, size.width, input.last ?? 1, try layer.integer("depth_multiplier", default: 1),
    ]
    return DepthwiseConvolution(
      kernel: try weight("depthwise_kernel", shape: shape), strides: try extent("strides"),
      dilation: try extent("dilation_rate"), padding: try padding())
  }

  /// Returns a transposed convolution as a convolution over the image with zeros between its
  /// pixels.
  ///
  /// - Returns: The convolution, and the distances between the pixels after zero insertion.
  func transposedConvolution() throws -> (convolution: Convolution, strides: Extent) {
    try checkDataFormat()
    try checkVariants()
    guard input.count == 3 else { throw KerasError(layer, "it needs an image, not \(input)") }
    let (size, strides) = (try extent("kernel_size"), try extent("strides"))
    guard let filters = config["filters"]?.int, filters > 0 else {
      throw KerasError(layer, "its filters are not a number")
    }
    for e in [size, strides] where ![e.height, e.width].allSatisfy((1...65536).contains) {
      throw KerasError(
        layer, "its kernel size or strides of \(e.height)x\(e.width) are out of range")
    }
    guard try extent("dilation_rate") == .one, try layer.integer("groups", default: 1) == 1 else {
      throw KerasError(
        layer, "it supports no dilation and no groups; append a Conv2D with them instead",
        rule: .kerasUnsupported)
    }
    var outputPadding: Extent?
    if let json = config["output_padding"], !json.isNull {
      let more = try extent("output_padding")
      guard (0..<strides.height).contains(more.height), (0..<strides.width).contains(more.width)
      else { throw KerasError(layer, "its output padding is not less than its strides") }
      outputPadding = more
    }
    let window = KerasTransposedWindow(
      size, strides: strides, padding: try padding(), outputPadding: outputPadding)
    let kernel = try weight("kernel", shape: [size.height, size.width, filters, input[2]])
    let convolution = Convolution(
      kernel: kernel.transposedKernel, bias: try bias(filters),
      padding: window.explicitPadding(height: input[0], width: input[1]))
    return (convolution, strides)
  }

  /// Returns (x - mean) / max(sqrt(variance), 1e-7), or its inverse, with constants from the
  /// configuration or from weights.
  func normalization() throws -> Rescaling {
    let inverts = try layer.flag("invert", default: false)
    let axis = config["axis"]
    let axes = axis?.ints ?? axis?.int.map { [$0] } ?? []
    guard axes.count <= 1, axes.allSatisfy({ $0 == -1 || $0 == input.count }) else {
      throw KerasError(
        layer, "normalization along axes \(axes) is not supported, only the last",
        rule: .kerasUnsupported)
    }
    let mean = try config["mean"]?.floats ?? weights.tensor("mean", of: layer, in: path)?.values
    let variance =
      try config["variance"]?.floats ?? weights.tensor("variance", of: layer, in: path)?.values
    guard let mean, let variance, mean.count == variance.count else {
      throw KerasError(layer, "its mean and variance are missing; adapt it before saving the model")
    }
    if inverts {
      // Keras 3: mean + x * max(sqrt(variance), 1e-7).
      let scale = variance.map { max(Double($0).squareRoot(), 1e-7) }
      return try checked(Rescaling(scale: scale.map { Float($0) }, offset: mean))
    }
    let scale = variance.map { 1 / max(Double($0).squareRoot(), 1e-7) }
    return try checked(
      Rescaling(
        scale: scale.map { Float($0) },
        offset: zip(mean, scale).map { Float(-Double($0) * $1) }))
  }

  /// Returns the constant added to a variance, 0 or greater.
  func epsilon() throws -> Float {
    let epsilon = Float((config["epsilon"] ?? .number(1e-3)).number ?? .nan)
    guard epsilon >= 0, epsilon.isFinite else {
      throw KerasError(layer, "its epsilon, \(epsilon), is not a small positive number")
    }
    return epsilon
  }

  /// Returns layer normalization over the last axis, or group normalization of its channels.
  func layerNormalization() throws -> LayerNormalization {
    func refuse(_ what: String) -> KerasError {
      KerasError(layer, "\(what) is not supported", rule: .kerasUnsupported)
    }
    guard !(try layer.flag("rms_scaling", default: false)) else {
      throw refuse("normalization without a mean (rms_scaling)")
    }
    let axes = config["axis"]?.ints ?? config["axis"]?.int.map { [$0] } ?? [-1]
    guard axes == [-1] || axes == [input.count] else {
      throw refuse("normalization over axes \(axes), other than the last,")
    }
    let channels = input.last ?? 1
    var scope = LayerNormalization.Scope.position
    if layer.className == "GroupNormalization" {
      let groups = try layer.integer("groups", default: 32)
      scope = .groups(groups == -1 ? channels : groups)
    }
    return LayerNormalization(
      gamma: try layer.flag("scale", default: true) ? try weight("gamma", shape: [channels]) : nil,
      beta: try layer.flag("center", default: true) ? try weight("beta", shape: [channels]) : nil,
      over: scope, epsilon: try epsilon())
  }

  func checked(_ rescaling: Rescaling) throws -> Rescaling {
    guard (rescaling.scale + rescaling.offset).allSatisfy(\.isFinite) else {
      throw KerasError(
        layer, "its scale or offset is NaN or infinite", rule: .weightsNonfinite)
    }
    return rescaling
  }

  func activation() throws -> Activation {
    try KerasActivation.parse(config["activation"], of: layer, major: major)
  }

  /// Returns a weight with its elements in the order of the layer's input.
  func weight(_ role: String, shape: [Int]) throws -> Tensor {
    let tensor = try stored(role, shape: weightShape ?? shape)
    if let flattened, layer.className != "Dense" || role == "kernel" {
      return tensor.selecting(KerasArrangement.order(flattened), axis: 0)
    }
    return weightShape == nil ? tensor : Tensor(shape: shape, values: tensor.values)
  }

  private func stored(_ role: String, shape: [Int]) throws -> Tensor {
    if weights.isBlank { return try weights.blank(role, of: layer, in: path, shape: shape) }
    guard let tensor = try weights.tensor(role, of: layer, in: path) else {
      throw KerasError(layer, "its weight '\(role)' is missing in the file")
    }
    guard tensor.shape == shape else {
      throw KerasError(
        layer, "its weight '\(role)' has shape \(tensor.shape), but needs \(shape)")
    }
    return tensor
  }

  func bias(_ count: Int) throws -> Tensor? {
    try layer.flag("use_bias", default: true) ? try weight("bias", shape: [count]) : nil
  }

  func extent(_ key: String, default fallback: Extent = .one) throws -> Extent {
    guard let json = config[key], !json.isNull else { return fallback }
    if let both = json.int { return Extent(both, both) }
    guard let values = json.ints, values.count == 2 else {
      throw KerasError(layer, "its \(key) is not a pair of numbers")
    }
    return Extent(values[0], values[1])
  }

  /// Returns the pixels at the four borders: one number, two, or two pairs.
  func borders(_ key: String) throws -> (top: Int, bottom: Int, left: Int, right: Int) {
    let json = config[key]
    if let all = json?.int { return (all, all, all, all) }
    if let symmetric = json?.ints, symmetric.count == 2 {
      return (symmetric[0], symmetric[0], symmetric[1], symmetric[1])
    }
    guard let vertical = json?[0]?.ints, let horizontal = json?[1]?.ints, vertical.count == 2,
      horizontal.count == 2
    else { throw KerasError(layer, "its \(key) is not readable") }
    return (vertical[0], vertical[1], horizontal[0], horizontal[1])
  }

  /// Returns the operation that resizes an image, or the identity if the size is the same.
  func resizing(
    to size: Extent, nearest: Rearrangement, default fallback: String
  ) throws -> Graph.Operation {
    if size == Extent(input[0], input[1]) { return .trainingOnly(.other(layer.className)) }
    switch config["interpolation"].map({ $0.string ?? "" }) ?? fallback {
    case "nearest": return .rearrange(nearest)
    case "bilinear":
      return .resize(BilinearResizing(height: size.height, width: size.width))
    default:
      throw KerasError(
        layer, "its interpolation is not supported, only 'nearest' and 'bilinear'",
        rule: .kerasUnsupported)
    }
  }

  func padding() throws -> Padding {
    guard let json = config["padding"] else { return .valid }
    switch json.string {
    case "valid": return .valid
    case "same": return .same
    default:
      throw KerasError(layer, "its padding '\(json.string ?? "\(json)")' is unknown")
    }
  }

  /// Returns the shape with its one -1 replaced by the remaining extent.
  func resolved(_ target: [Int]) throws -> [Int] {
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

  func checkLastAxis(_ what: String) throws {
    let axis = try layer.axis()
    guard axis == -1 || axis == input.count else {
      throw KerasError(
        layer, "\(what) along axis \(axis) is not supported, only the last",
        rule: .kerasUnsupported)
    }
  }

  func checkDataFormat() throws {
    guard let json = config["data_format"], !json.isNull else { return }
    if json.string == "channels_first" {
      throw KerasError(
        layer,
        "channels_first is supported only for images, not for an input of shape \(input); save the "
          + "model with channels_last layers",
        rule: .kerasUnsupported)
    }
    guard json.string == "channels_last" else {
      throw KerasError(layer, "its data_format is not readable")
    }
  }

  /// Refuses settings that change a layer's weights or its computation.
  func checkVariants() throws {
    for key in ["lora_rank", "quantization_config", "renorm", "virtual_batch_size"] {
      guard let json = config[key], !json.isNull, json.bool != false else { continue }
      throw KerasError(layer, "its \(key) is not supported", rule: .kerasUnsupported)
    }
  }
}
