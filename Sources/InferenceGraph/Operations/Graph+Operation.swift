extension Graph {
  /// The computation of a node, with its weights.
  ///
  /// Images are `[height, width, channels]`, vectors `[features]`, both without the batch axis.
  public enum Operation: Sendable, Hashable {
    /// The graph's input; its shape is the node's.
    case input
    /// See ``Convolution``.
    case convolution(Convolution)
    /// See ``DepthwiseConvolution``.
    case depthwiseConvolution(DepthwiseConvolution)
    /// See ``SeparableConvolution``.
    case separableConvolution(SeparableConvolution)
    /// See ``Pooling``.
    case pooling(Pooling)
    /// Pooling over the whole image; the result is `[channels]`, or `[1, 1, channels]`.
    case globalPooling(PoolingKind, keepsDimensions: Bool)
    /// See ``AdaptivePooling``.
    case adaptivePooling(AdaptivePooling)
    /// See ``Dense``.
    case dense(Dense)
    /// See ``BatchNormalization``; channels are the last axis.
    case batchNormalization(BatchNormalization)
    /// See ``LayerNormalization``.
    case layerNormalization(LayerNormalization)
    /// See ``ResponseNormalization``.
    case responseNormalization(ResponseNormalization)
    /// See ``ParametricReLU``.
    case parametricReLU(ParametricReLU)
    /// See ``Rescaling``.
    case rescaling(Rescaling)
    /// All elements as one vector, in row-major order.
    case flatten
    /// The same elements in another shape.
    case reshape([Int])
    /// Zeros around an image.
    case zeroPadding(top: Int, bottom: Int, left: Int, right: Int)
    /// The identity, for nodes with only an activation.
    case activation
    /// The sum of all inputs; axes of extent 1 are broadcast.
    case add
    /// The product of all inputs; axes of extent 1 are broadcast.
    case multiply
    /// The elementwise maximum of all inputs; axes of extent 1 are broadcast.
    case maximum
    /// The elementwise minimum of all inputs; axes of extent 1 are broadcast.
    case minimum
    /// The matrix products of two inputs, `[..., rows, n]` and `[..., n, columns]`.
    case matrixProduct
    /// The same elements for every image; the input is not read. See ``ConstantValue``.
    case constantValue(ConstantValue)
    /// The concatenation of the inputs along the last axis.
    case concatenate
    /// See ``Rearrangement``.
    case rearrange(Rearrangement)
    /// See ``BilinearResizing``.
    case resize(BilinearResizing)
    /// (0, z) for a vector of one element z. Taken as logits of two classes, their softmax is
    /// (1 - p, p), where p is the sigmoid of z.
    case binaryLogits
    /// A layer that is the identity at inference.
    case trainingOnly(TrainingOnly)
  }
}

extension Graph.Operation {
  /// The properties of the operation that a graph needs.
  package var facts: any OperationFacts {
    switch self {
    case .input: Input()
    case .convolution(let c): c
    case .depthwiseConvolution(let c): c
    case .separableConvolution(let c): c
    case .pooling(let p): p
    case .globalPooling(let kind, let keepsDimensions):
      GlobalPooling(kind: kind, keepsDimensions: keepsDimensions)
    case .adaptivePooling(let p): p
    case .dense(let d): d
    case .batchNormalization(let b): b
    case .layerNormalization(let n): n
    case .responseNormalization(let n): n
    case .parametricReLU(let r): r
    case .rescaling(let r): r
    case .flatten: Flatten()
    case .reshape(let shape): Reshape(shape: shape)
    case .zeroPadding(let top, let bottom, let left, let right):
      ZeroPadding(top: top, bottom: bottom, left: left, right: right)
    case .activation: Identity()
    case .add: Add()
    case .multiply: Multiply()
    case .maximum: Extremum(isLargest: true)
    case .minimum: Extremum(isLargest: false)
    case .matrixProduct: MatrixProduct()
    case .constantValue(let c): c
    case .concatenate: Concatenate()
    case .rearrange(let r): r
    case .resize(let r): r
    case .binaryLogits: BinaryLogits()
    case .trainingOnly(let layer): layer
    }
  }

  /// The operation's name in the field's terms, for messages and listings.
  public var displayName: String { facts.displayName }

  /// All weights, in Keras's order for the layer.
  public var weights: [Tensor] { facts.weights.map(\.tensor) }

  /// All weights with their roles, in the order of ``weights``.
  public var namedWeights: [(role: WeightRole, tensor: Tensor)] { facts.weights }

  /// Calls `body` with each weight tensor, in the order of ``weights``. It may change values, not
  /// shapes.
  public mutating func updateWeights(
    _ body: (WeightRole, inout Tensor) throws -> Void
  ) rethrows {
    var facts = facts
    try facts.updateWeights(body)
    self = facts.operation
  }

  /// The coefficients of the operation, by kind, for an audit.
  package var coefficients: [Coefficients] { facts.coefficients }

  /// Returns the multiply-adds for one image, for the shapes of the input and of the result.
  func multiplyAdds(input: [Int], output: [Int]) -> Int {
    facts.multiplyAdds(input: input, output: output)
  }

  /// The windows that a convolution or a pooling slides over an image; nil for other operations.
  public var windows: Window? { facts.windows }

  /// Returns the windows of a convolution's kernel over an image, those over its border included;
  /// nil for other operations.
  package func kernelAxes(over shape: [Int]) -> (rows: WindowAxis, columns: WindowAxis)? {
    guard shape.count == 3, isConvolution, let windows else { return nil }
    return (windows.rows(shape[0]), windows.columns(shape[1]))
  }

  /// Whether each channel of the result has weights of its own.
  package var hasOwnChannels: Bool { facts.channelKernel != nil }

  /// Whether the operation has a convolution kernel.
  package var isConvolution: Bool { hasOwnChannels && windows != nil }

  /// The kernel whose columns are the channels of the result, and their number; nil if channels
  /// have no weights of their own.
  package var channelKernel: (kernel: Tensor, channels: Int)? {
    let facts = facts
    guard let role = facts.channelKernel,
      let kernel = facts.weights.first(where: { $0.role == role })?.tensor
    else { return nil }
    return (kernel, kernel.shape.suffix(role.channelAxes).reduce(1, *))
  }

  /// Whether each channel of the result depends only on the same channel of the only input, and on
  /// no kernel.
  var keepsChannelsApart: Bool { !hasOwnChannels && facts.channelRelation == .apart }

  /// Whether a rearrangement leaves every element at its position on the last axis, given that the
  /// axis keeps its extent.
  var keepsLastAxis: Bool {
    switch self {
    case .flatten: false
    case .rearrange(.permutation(let axes)): axes.last == axes.count - 1
    case .rearrange(.selection(let axis, _)): axis != -1
    case .input, .convolution, .depthwiseConvolution, .separableConvolution, .pooling,
      .globalPooling, .adaptivePooling, .dense, .batchNormalization, .layerNormalization,
      .responseNormalization, .parametricReLU, .rescaling, .reshape, .zeroPadding, .activation,
      .add, .multiply, .maximum, .minimum, .matrixProduct, .constantValue, .concatenate, .rearrange,
      .resize, .binaryLogits, .trainingOnly:
      true
    }
  }

  /// Whether the operation maps zeros to zeros.
  package var keepsZeros: Bool { facts.keepsZeros }

  /// Whether the result is the same for all inputs.
  package var ignoresInput: Bool { facts.ignoresInput }

  /// Returns the shape of the result for inputs of these shapes.
  ///
  /// - Throws: ``GraphError`` naming `node` if the operation cannot take them.
  func inferredShape(
    inputs: [[Int]], activation: Activation, node: String
  ) throws(GraphError) -> [Int] {
    let facts = facts
    let shape: [Int]
    do throws(OperationError) {
      guard facts.readsSeveral ? inputs.count >= 1 : inputs.count == 1 else {
        throw OperationError("\(displayName) cannot read \(inputs.count) inputs")
      }
      shape = try facts.resultShape(of: inputs)
      if !activation.isElementwise && (shape.isEmpty || shape.last == 0) {
        throw OperationError("softmax of an empty axis")
      }
    } catch {
      throw GraphError(node: node, error.message)
    }
    return shape
  }

  /// Returns the operation with the weights of the channels `channels` set to zero.
  func maskingChannels(_ channels: [Int], zeroingBias: Bool) -> Graph.Operation {
    guard let kernel = facts.channelKernel else { return self }
    var result = self
    result.updateWeights { role, tensor in
      guard role == kernel || role == .bias && zeroingBias else { return }
      let columns = tensor.shape.suffix(role.channelAxes).reduce(1, *)
      let flat = Tensor(shape: [tensor.count / columns, columns], values: tensor.values)
      tensor = Tensor(shape: tensor.shape, values: flat.zeroing(channels, axis: 1).values)
    }
    return result
  }

  /// The operation with empty weight tensors, for short printing of its kind and settings.
  package var withoutWeights: Graph.Operation {
    var result = self
    result.updateWeights { $1 = Tensor(shape: [0], values: []) }
    return result
  }
}
