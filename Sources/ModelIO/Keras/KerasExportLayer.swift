import InferenceGraph

/// A layer in the form that stock Keras reads.
struct KerasExportLayer {
  var name: String
  let className: String
  var config: [String: JSON]
  /// The indices of its input layers.
  var inputs: [Int]
  /// The names and values, in Keras's order.
  var weights: [(name: String, tensor: Tensor)] = []
}
