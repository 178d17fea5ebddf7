import InferenceGraph

/// A graph built from an ONNX network, and what writing back to the file needs.
struct ONNXImport: Sendable {
  let graph: Graph
  /// The names of the file's input and output.
  let input: String
  let output: String
  /// Whether the file takes images [channels][height][width].
  let isChannelsFirst: Bool
  /// The file's place of each weight, by the node's name.
  let weights: [String: [WeightRole: ONNXWeight]]
  /// Why the graph's weights cannot be written back to the file; nil if they can.
  let obstacle: String?
}
