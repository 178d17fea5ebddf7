extension KerasClasses {
  /// The layers in which Keras 2 stores TensorFlow functions, for example the sum `x + 3`.
  static let functionLayers: Set<String> = words("TFOpLambda SlicingOpLambda TensorFlowOpLayer")

  /// Returns whether a function layer is arithmetic on tensors; other functions may read files or
  /// run code.
  ///
  /// - Parameter config: The layer's configuration.
  static func isArithmetic(_ config: JSON?) -> Bool {
    if var function = config?["function"]?.string {
      if function.hasPrefix("compat.v1.") { function.removeFirst("compat.v1.".count) }
      guard let dot = function.lastIndex(of: ".") else { return plainFunctions.contains(function) }
      return functionModules.contains(String(function[..<dot]))
    }
    // Up to TensorFlow 2.3 the layer stores the operation itself.
    let node = config?["node_def"]
    let parsed = node?.string.flatMap { try? JSONParser.parse($0) } ?? node
    return parsed?["op"]?.string.map(operationNames.contains) ?? false
  }

  /// The modules of TensorFlow that contain only functions of tensors.
  private static let functionModules = words(
    "__operators__ math nn linalg keras.backend keras.activations image")

  private static let plainFunctions = words(
    """
    abs add add_n argmax argmin broadcast_to cast clip_by_value concat cumsum divide einsum exp
    expand_dims eye fill floor gather gather_nd identity maximum minimum multiply negative norm
    ones_like pad pow range rank reduce_all reduce_any reduce_max reduce_mean reduce_min reduce_prod
    reduce_sum repeat reshape reverse roll round shape sigmoid sign size slice sqrt square squeeze
    split stack stop_gradient strided_slice subtract tanh tensordot tile transpose unstack where
    zeros_like convert_to_tensor matmul one_hot truediv
    """)

  private static let operationNames = words(
    """
    Abs Add AddV2 ArgMax AvgPool BiasAdd BroadcastTo Cast ClipByValue ConcatV2 Conv2D
    DepthwiseConv2dNative Div Elu Exp ExpandDims Floor FloorDiv GatherV2 Identity LeakyRelu Log
    MatMul Max MaxPool Maximum Mean Min Minimum MirrorPad Mul Neg Pack Pad PadV2 Pow Prod RealDiv
    Relu Relu6 Reshape ResizeBilinear ResizeNearestNeighbor ReverseV2 Rsqrt Select SelectV2 Selu
    Shape Sigmoid Slice Softmax Softplus Split SplitV Sqrt Square SquaredDifference Squeeze
    StopGradient StridedSlice Sub Sum Tanh Tile Transpose Unpack
    """)
}
