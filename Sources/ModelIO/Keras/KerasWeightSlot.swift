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
  func slots(in path: [String] = []) -> [KerasWeightSlot] {
    let (trainable, others) = splitSlots(in: path)
    return trainable + others
  }

  private func splitSlots(
    in path: [String]
  ) -> (trainable: [KerasWeightSlot], others: [KerasWeightSlot]) {
    let path = path + [name]
    var trainable: [KerasWeightSlot] = []
    var others: [KerasWeightSlot] = []
    if let network {
      for layer in network.layers {
        let inner = layer.splitSlots(in: path)
        if isTrainable {
          trainable += inner.trainable
          others += inner.others
        } else {
          // A frozen model lists its layers one after the other.
          others += inner.trainable + inner.others
        }
      }
      return (trainable, others)
    }
    func slot(_ role: String) -> KerasWeightSlot {
      KerasWeightSlot(layer: path, className: className, role: role)
    }
    func isOn(_ key: String) -> Bool { config[key]?.bool ?? true }
    switch className {
    case "Conv2D", "Dense":
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
    case "Normalization" where config["mean"]?.isNull ?? true:
      others = [slot("mean"), slot("variance")]
      var count = slot("count")
      count.isOptional = true
      others.append(count)
    default: break
    }
    return isTrainable ? (trainable, others) : ([], trainable + others)
  }
}
