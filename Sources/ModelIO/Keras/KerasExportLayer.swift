import InferenceGraph

/// A layer to be written: as stock Keras reads it.
struct KerasExportLayer {
  var name: String
  let className: String
  var config: [String: JSON]
  /// The indices of the layers it reads.
  let inputs: [Int]
  /// Names and values, in Keras's order.
  var weights: [(name: String, tensor: Tensor)] = []
}
