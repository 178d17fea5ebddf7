/// A layer, as described in the configuration.
struct KerasLayer: Sendable {
  let className: String
  let name: String
  let config: JSON
  var calls: [KerasCall] = []
  /// The nested network, if the layer is a model.
  var network: KerasNetwork?
  /// Whether it is an operation on tensors, for example `keras.ops.add`, which may share a layer's
  /// name.
  var isOperation = false
  /// Whether it is wrapped in `TimeDistributed`, whose name it has, and applied to every step of
  /// the first axis.
  var isTimeDistributed = false

  /// Whether its weights are trainable; a nested model's list of weights ends with the frozen ones.
  var isTrainable: Bool { config["trainable"]?.bool ?? true }

  /// Whether it, or a layer in it, behaves differently in training.
  var changesInTraining: Bool {
    if let network { return network.layers.contains(where: \.changesInTraining) }
    return ignoresWeights || className == "BatchNormalization"
  }
}
