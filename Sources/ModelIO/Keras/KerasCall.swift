/// One call of a layer, with the tensors it reads.
struct KerasCall: Sendable {
  /// A tensor: the result of one call of a layer.
  struct Source: Sendable, Hashable {
    let layer: String
    var call: Int
  }

  var inputs: [Source] = []
  /// Whether the call has arguments besides input tensors, for example in `x + 1`.
  var hasConstants = false
  /// The arguments in order; nil unless all of them are tensors and numbers.
  var operands: [Operand]?
  /// Whether the call has `training=True`.
  var isTraining = false
  /// Whether the call is in the form of Keras 3, which Keras 2 cannot read.
  var isKeras3 = false
}
