/// A weight that a layer needs: its owner, and its possible names in a file.
struct KerasWeightSlot: Sendable {
  /// The path of the layer: the names of the nested models around it, outermost first, and its own.
  let layer: [String]
  /// The layer's class, for messages.
  let className: String
  /// The weight's name in the operation.
  let role: String
  /// Whether the layer works without it.
  var isOptional = false

  /// All names of weights in operations.
  static let roles: Set<String> = [
    "kernel", "bias", "depthwise_kernel", "pointwise_kernel", "gamma", "beta", "alpha",
    "moving_mean", "moving_variance", "mean", "variance", "count",
  ]

  /// The possible names in files.
  var names: [String] {
    // Keras 3 names the kernel of a depthwise convolution `kernel`.
    role == "depthwise_kernel" ? [role, "kernel"] : [role]
  }
}

extension KerasLayer {
  /// Whether the layer's weights, if the file has any, do not matter at inference.
  var ignoresWeights: Bool { KerasIdentity.isIdentity(className) }

  /// Returns the weights of the layer or nested model in the order of Keras's `.h5` files:
  /// trainable ones, then the others.
  ///
  /// - Parameter major: The major version of the Keras that wrote the configuration. In Keras 3 a
  ///   functional model that is frozen as a whole lists its layers one after another; Keras 2
  ///   considers only whether each layer is frozen.
  func slots(in path: [String] = [], major: Int) -> [KerasWeightSlot] {
    let leaves = leafSlots(in: path)
    if major >= 3, network != nil, className != "Sequential", !isTrainable {
      return leaves.flatMap { $0.trainable + $0.others }
    }
    return leaves.flatMap(\.trainable) + leaves.flatMap(\.others)
  }

  /// Returns the weights of the layer, or of each layer in a nested model.
  private func leafSlots(
    in path: [String]
  ) -> [(trainable: [KerasWeightSlot], others: [KerasWeightSlot])] {
    let path = path + [name]
    if let network { return network.ordered.flatMap { $0.leafSlots(in: path) } }
    var trainable: [KerasWeightSlot] = []
    var others: [KerasWeightSlot] = []
    func slot(_ role: String) -> KerasWeightSlot {
      KerasWeightSlot(layer: path, className: className, role: role)
    }
    func isOn(_ key: String) -> Bool { config[key]?.bool ?? true }
    switch className {
    case "Conv2D", "Conv2DTranspose", "Dense":
      trainable = [slot("kernel")]
      if isOn("use_bias") { trainable.append(slot("bias")) }
    case "DepthwiseConv2D":
      trainable = [slot("depthwise_kernel")]
      if isOn("use_bias") { trainable.append(slot("bias")) }
    case "SeparableConv2D":
      trainable = [slot("depthwise_kernel"), slot("pointwise_kernel")]
      if isOn("use_bias") { trainable.append(slot("bias")) }
    case "BatchNormalization":
      if isOn("scale") { trainable.append(slot("gamma")) }
      if isOn("center") { trainable.append(slot("beta")) }
      others = [slot("moving_mean"), slot("moving_variance")]
    case "PReLU": trainable = [slot("alpha")]
    case "LayerScale": trainable = [slot("gamma")]
    case "LayerNormalization", "GroupNormalization":
      if isOn("scale") { trainable.append(slot("gamma")) }
      if isOn("center") { trainable.append(slot("beta")) }
    case "Normalization" where config["mean"]?.isNull ?? true:
      others = [slot("mean"), slot("variance")]
      var count = slot("count")
      count.isOptional = true
      others.append(count)
    default: break
    }
    return [isTrainable ? (trainable, others) : ([], trainable + others)]
  }
}
