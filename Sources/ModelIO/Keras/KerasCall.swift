/// One use of a layer: the tensors it reads.
struct KerasCall: Sendable {
  /// A tensor: the result of a layer's n-th call.
  struct Source: Sendable, Hashable {
    let layer: String
    var call: Int
  }

  var inputs: [Source] = []
  /// Whether it is also given something else, as in `x + 1`.
  var hasConstants = false
  /// What it is called with, in order, if that is tensors and numbers alone.
  var operands: [Operand]?
  /// Whether it was called with `training=True`.
  var isTraining = false
  /// Whether it is in the form of Keras 3, which Keras 2 cannot read.
  var isKeras3 = false
}
