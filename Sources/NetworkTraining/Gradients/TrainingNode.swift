internal import InferenceGraph

/// A node for differentiation; its weights are segments of ``Parameters``.
struct TrainingNode {
  /// The kind and the extents; its weights are not used.
  let operation: Graph.Operation
  let activation: Activation
  let inputs: [Int]
  let shape: [Int]
  /// The segments of the node's weights.
  let weights: [WeightRole: Parameters.Segment]
}
