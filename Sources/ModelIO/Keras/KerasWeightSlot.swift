/// A weight that a layer needs: where it belongs and what it may be called in a file.
struct KerasWeightSlot: Sendable {
  /// The layer, by the names from the outermost model inwards.
  let layer: [String]
  /// The layer's class, for messages.
  let className: String
  /// What the operation calls it.
  let role: String
  /// Whether the layer works without it.
  var isOptional = false

  /// What operations call their weights.
  static let roles: Set<String> = [
    "kernel", "bias", "depthwise_kernel", "pointwise_kernel", "gamma", "beta", "alpha",
    "moving_mean", "moving_variance", "mean", "variance", "count",
  ]

  /// The names it has in files.
  var names: [String] {
    // Keras 3 calls the kernel of a depthwise convolution just that.
    role == "depthwise_kernel" ? [role, "kernel"] : [role]
  }
}

extension KerasLayer {
  /// Whether the layer's own weights, if the file has any, don't matter at inference.
  var ignoresWeights: Bool { KerasIdentity.isIdentity(className) }

  /// The weights of the layer, or of the nested model, in the order in which Keras's `.h5` files
  /// list them: the trainable ones, then the others.
  ///
  /// - Parameter major: The major version of the Keras that wrote the configuration. In Keras 3 a
  ///   functional model that is frozen as a whole lists its layers one after the other; Keras 2 goes
  ///   by the layers alone.
  func slots(in path: [String] = [], major: Int) -> [KerasWeightSlot] {
    let leaves = leafSlots(in: path)
    if major >= 3, network != nil, className != "Sequential", !isTrainable {
      return leaves.flatMap { $0.trainable + $0.others }
    }
    return leaves.flatMap(\.trainable) + leaves.flatMap(\.others)
  }

  /// The weights of the layer, or of each layer in a nested model.
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
