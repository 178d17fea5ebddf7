/// A layer as the configuration describes it.
struct KerasLayer: Sendable {
  let className: String
  let name: String
  let config: JSON
  var calls: [KerasCall] = []
  /// The network inside, if the layer is a model itself.
  var network: KerasNetwork?
  /// Whether it is an operation on tensors, such as `keras.ops.add`, that has a layer's name.
  var isOperation = false
  /// Whether it is within `TimeDistributed`, whose name it has: applied to every step of the first
  /// axis.
  var isTimeDistributed = false

  /// Whether its weights are trained; frozen ones stand at another place in a nested model's list.
  var isTrainable: Bool { config["trainable"]?.bool ?? true }

  /// Whether it, or a layer in it, does something else while it is trained.
  var changesInTraining: Bool {
    if let network { return network.layers.contains(where: \.changesInTraining) }
    return ignoresWeights || className == "BatchNormalization"
  }
}
