internal import InferenceGraph

/// A node of a graph as it is differentiated; its weights are segments of ``Parameters``.
struct TrainingNode {
  /// For kinds and extents; the weights in it are not used.
  let operation: Operation
  let activation: Activation
  let inputs: [Int]
  let shape: [Int]
  /// The segments of the node's weights.
  let weights: [WeightRole: Parameters.Segment]
}
