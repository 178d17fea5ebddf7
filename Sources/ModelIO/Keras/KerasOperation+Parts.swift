import InferenceGraph

/// What the layers' configurations have in common.
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

  /// (x - mean) / max(sqrt(variance), 1e-7), with constants from the configuration or as weights.
  func normalization() throws -> Rescaling {
    if try layer.flag("invert", default: false) {
      throw KerasError(layer, "inverted normalization is not supported", rule: .kerasUnsupported)
    }
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
    let scale = variance.map { 1 / max(Double($0).squareRoot(), 1e-7) }
    return try checked(
      Rescaling(
        scale: scale.map { Float($0) },
        offset: zip(mean, scale).map { Float(-Double($0) * $1) }))
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

  func weight(_ role: String, shape: [Int]) throws -> Tensor {
    if weights.isBlank { return try weights.blank(role, of: layer, in: path, shape: shape) }
    guard let tensor = try weights.tensor(role, of: layer, in: path) else {
      throw KerasError(layer, "its weight '\(role)' is missing in the file")
    }
    guard tensor.shape == shape else {
      throw KerasError(
        layer, "its weight '\(role)' has shape \(tensor.shape), where \(shape) fits")
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

  func padding() throws -> Padding {
    guard let json = config["padding"] else { return .valid }
    let name = json.string ?? "\(json)"
    guard let padding = Padding(rawValue: name) else {
      throw KerasError(layer, "its padding '\(name)' is unknown")
    }
    return padding
  }

  /// Returns the shape with its one -1 replaced by what is left.
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
        layer, "channels_first is not supported; save the model with channels_last layers",
        rule: .kerasUnsupported)
    }
    guard json.string == "channels_last" else {
      throw KerasError(layer, "its data_format is not readable")
    }
  }

  /// Refuses settings with which a layer has other weights, or computes something else, than without.
  func checkVariants() throws {
    for key in ["lora_rank", "quantization_config", "renorm", "virtual_batch_size"] {
      guard let json = config[key], !json.isNull, json.bool != false else { continue }
      throw KerasError(layer, "its \(key) is not supported", rule: .kerasUnsupported)
    }
  }
}
