import InferenceGraph

/// The network of a model whose weights are from a file that is not written to.
struct StateOrigin: ModelOrigin {
  /// The network of the ONNX file that describes it.
  let network: ONNXImport
}
