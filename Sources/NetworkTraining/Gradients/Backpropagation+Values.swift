public import InferenceGraph
internal import CKernels

extension Backpropagation {
  // MARK: Values

  /// Returns the value of a node for the last batch, after its activation:
  /// `[images][height][width][channels]`.
  ///
  /// For a node that ends the model in a softmax, returns the logits.
  ///
  /// - Parameter node: The name of a node that the model's output depends on.
  public func values(of node: String) -> [Float] {
    guard let value = values[node] else {
      preconditionFailure("'\(node)' is no node with a part in the model's output")
    }
    return rows(value)
  }

  /// The model's outputs for the last batch, before a final softmax: `[images][classes]`.
  public var outputs: [Float] { rows(logits) }

  /// The gradient of the last batch's loss with respect to its images:
  /// `[images][height][width][channels]`, in the units of the images.
  ///
  /// Requires a backpropagation made with `differentiatesInput`.
  public var inputGradient: [Float] {
    guard let inputValueGradient else { preconditionFailure("made without differentiatesInput") }
    let scale = model.preprocessing.scale
    var gradient = rows(inputValueGradient)
    if scale != 1 { for index in gradient.indices { gradient[index] *= scale } }
    return gradient
  }

  /// Returns a value's elements, image by image.
  func rows(_ value: BatchValue) -> [Float] {
    let size = value.view.elementCount
    let count = state.images * size
    return unsafe Array(unsafeUninitializedCapacity: count) { buffer, initialized in
      for block in 0..<state.blocks {
        unsafe kernels.unpack(
          value.at(block), value.image, state.lanes(block),
          buffer.baseAddress! + block * laneCount * size)
      }
      initialized = count
    }
  }

  // MARK: Weights

  /// Returns a layer's current weights.
  public func weight(_ role: WeightRole, of layer: String) -> Tensor {
    tensor(segment(role, layer), parameters.weights)
  }

  /// Replaces a layer's weights by as many values; the model does not change.
  ///
  /// The masked channels stay those at creation.
  public func setWeight(_ role: WeightRole, of layer: String, to values: [Float]) {
    let segment = segment(role, layer)
    precondition(
      values.count == segment.range.count,
      "\(values.count) values for \(segment.range.count) of \(layer)'s \(role.displayName)")
    for (index, value) in zip(segment.range, values) {
      unsafe parameters.weights.pointer[index] = value
    }
    isPacked = false
  }

  /// Returns the gradient of the last batch's loss with respect to a layer's weights.
  ///
  /// The layer must be one of those differentiated. The gradient of masked channels is zero.
  public func gradient(_ role: WeightRole, of layer: String) -> Tensor {
    tensor(differentiated(role, layer), parameters.gradient)
  }

  // MARK: Factors on channels

  /// Sets a layer's weights to the model's weights times one factor for each channel.
  ///
  /// For a kernel or gamma, the factors scale the channels' values before bias or beta; for a bias
  /// or beta, they scale the offset.
  ///
  /// - Parameters:
  ///   - role: A weight that the layer has for each channel.
  ///   - layer: The layer's name.
  ///   - factors: `[channels]`.
  public func setFactors(_ factors: [Float], on role: WeightRole, of layer: String) {
    let segment = segment(role, layer)
    let own = ownWeights(segment)
    precondition(
      factors.count == segment.channels, "\(factors.count) factors, \(segment.channels) channels")
    setWeight(
      role, of: layer, to: own.indices.map { own[$0] * factors[$0 % factors.count] })
  }

  /// Returns the gradient of the last batch's loss with respect to factors on the channels of the
  /// model's weights, `[channels]`, at the current weights.
  public func factorGradient(_ role: WeightRole, of layer: String) -> [Float] {
    let segment = differentiated(role, layer)
    let own = ownWeights(segment)
    var sums = Array(repeating: 0.0, count: segment.channels)
    for (index, place) in segment.range.enumerated() {
      sums[index % sums.count] +=
        unsafe Double(own[index])
        * Double(parameters.gradient.pointer[place])
    }
    return sums.map { Float($0) }
  }

  /// Returns the model's weights at creation.
  private func ownWeights(_ segment: Parameters.Segment) -> [Float] {
    model.graph.nodes[segment.node].operation.namedWeights
      .first { $0.role == segment.role }?.tensor.values ?? []
  }

  private func tensor(_ segment: Parameters.Segment, _ storage: Storage<Float>) -> Tensor {
    Tensor(
      shape: segment.shape, values: segment.range.map { unsafe storage.pointer[$0] })
  }

  private func differentiated(_ role: WeightRole, _ layer: String) -> Parameters.Segment {
    let segment = segment(role, layer)
    precondition(
      differentiatesWeights && segment.isTrained,
      "\(layer)'s \(role.displayName) is not differentiated")
    return segment
  }

  private func segment(_ role: WeightRole, _ layer: String) -> Parameters.Segment {
    guard let node = model.graph.index(of: layer),
      let segment = parameters.segments.first(where: { $0.node == node && $0.role == role })
    else { preconditionFailure("there is no \(role.displayName) of a layer '\(layer)'") }
    return segment
  }
}

extension Parameters.Segment {
  /// The number of channels.
  fileprivate var channels: Int { shape.suffix(role.channelAxes).reduce(1, *) }
}
