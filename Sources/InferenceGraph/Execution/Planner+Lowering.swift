internal import CKernels

extension Planner {
  /// Appends the steps of a spatial node and of what is fused into it.
  ///
  /// - Returns: The nodes that need no steps of their own any more.
  mutating func lower(_ index: Int) -> [Int] {
    let node = nodes[index]
    let inputs = node.inputs.map { places[root[$0]]! }
    if let input = inputs.first { blockSteps += check(readBy: index, at: input) }
    switch node.operation {
    case .input, .trainingOnly:
      // Inputs are given; what is left is a training-only layer with an activation.
      map(index, from: inputs[0])
    case .separableConvolution:
      preconditionFailure("a separable convolution is two nodes of a merged graph")
    case .convolution(let c):
      return convolve(index, input: inputs[0], ConvolutionWeights(c))
    case .dense(let d):
      // A dense layer before a spatial one is a 1x1 convolution.
      return convolve(
        index, input: inputs[0],
        ConvolutionWeights(
          kernel: Tensor(shape: [1, 1] + d.kernel.shape, values: d.kernel.values), bias: d.bias))
    case .depthwiseConvolution(let c):
      let output = place(for: index)
      blockSteps.append(depthwise(c, index: index, input: inputs[0], output: output))
      complete(index, output)
    case .pooling(let pooling):
      let output = place(for: index)
      blockSteps.append(PoolingStep(input: inputs[0], output: output, pooling: pooling))
      complete(index, output)
    case .globalPooling(let kind, _):
      let output = place(for: index)
      blockSteps.append(GlobalPoolingStep(input: inputs[0], output: output, kind: kind))
      complete(index, output)
    case .batchNormalization, .rescaling, .activation:
      map(index, from: inputs[0])
    case .layerNormalization(let n):
      let output = place(for: index)
      blockSteps.append(LayerNormalizationStep(n, input: inputs[0], output: output))
      complete(index, output)
    case .flatten, .reshape:
      reshape(index, from: inputs[0])
    case .zeroPadding(let top, let bottom, let left, let right):
      pad(index, from: inputs[0], Frame(top: top, bottom: bottom, left: left, right: right))
    case .rearrange(let r):
      let output = place(for: index)
      let sources = r.sources(nodes[root[node.inputs[0]]].shape, node.shape)
      blockSteps.append(GatherStep(sources, input: inputs[0], output: output))
      complete(index, output)
    case .resize:
      let output = place(for: index)
      blockSteps.append(ResizingStep(input: inputs[0], output: output))
      complete(index, output)
    case .add, .multiply, .maximum, .minimum:
      let output = place(for: index)
      blockSteps += combine(index, inputs: inputs, output: output)
      places[index] = output
      finish(index)
    case .concatenate:
      let output = place(for: index)
      blockSteps += concatenate(inputs, output: output)
      complete(index, output)
    case .binaryLogits:
      let output = place(for: index)
      blockSteps += binaryLogits(inputs[0], output: output)
      complete(index, output)
    }
    return []
  }

  /// Appends the steps of a node of the tail.
  mutating func lowerTail(_ index: Int) {
    let node = nodes[index]
    let inputs = node.inputs.map { tailPlaces[root[$0]]! }
    if node.operation == .flatten {
      tailPlaces[index] = inputs[0].reshaped(node.shape)
      places[index] = tailPlaces[index]
      return
    }
    let output = tailPlace(shape: node.shape)
    var steps: [any Step] = []
    switch node.operation {
    case .dense(let d):
      appendToTail(check(readBy: index, at: inputs[0]))
      tailSegments.append(
        .group(
          DenseStep(
            d, input: inputs[0], output: output, blocks: blocks, activation: node.activation)))
    case .add, .multiply, .maximum, .minimum: steps = combine(index, inputs: inputs, output: output)
    case .concatenate:
      steps = concatenate(inputs, output: output) + activate(node, at: output)
    case .binaryLogits:
      steps = binaryLogits(inputs[0], output: output) + activate(node, at: output)
    case .layerNormalization(let n):
      steps =
        [LayerNormalizationStep(n, input: inputs[0], output: output)]
        + activate(node, at: output)
    case .batchNormalization, .rescaling, .activation, .trainingOnly:
      steps = [mapStep(node, from: inputs[0], to: output)]
    case .input, .convolution, .depthwiseConvolution, .separableConvolution, .pooling,
      .globalPooling, .flatten, .reshape, .zeroPadding, .rearrange, .resize:
      preconditionFailure("\(node.operation.displayName) has no form in the tail")
    }
    if !node.zeroed.isEmpty { steps.append(ZeroingStep(place: output, channels: node.zeroed)) }
    tailPlaces[index] = output
    places[index] = output
    appendToTail(steps)
  }

  private mutating func appendToTail(_ steps: [any Step]) {
    if case .perBlock(let earlier) = tailSegments.last {
      tailSegments[tailSegments.count - 1] = .perBlock(earlier + steps)
    } else if !steps.isEmpty {
      tailSegments.append(.perBlock(steps))
    }
  }

  /// Notes where a value is, after applying the activation that is still due.
  private mutating func complete(_ index: Int, _ output: Place) {
    blockSteps += activate(nodes[index], at: output)
    places[index] = output
    finish(index)
  }

  /// A node's activation, applied in place.
  private func activate(_ node: Entry, at place: Place) -> [any Step] {
    if node.activation == .linear { return [] }
    return [
      MapStep(
        input: place, output: place, scale: nil, shift: nil, activation: node.activation.kernel)
    ]
  }

  private mutating func map(_ index: Int, from input: Place) {
    let output = place(for: index)
    blockSteps.append(mapStep(nodes[index], from: input, to: output))
    if !nodes[index].zeroed.isEmpty {
      blockSteps.append(ZeroingStep(place: output, channels: nodes[index].zeroed))
    }
    places[index] = output
    finish(index)
  }

  /// An element-wise operation, or a softmax, as a step.
  func mapStep(_ node: Entry, from input: Place, to output: Place) -> any Step {
    if !node.activation.isElementwise {
      return SoftmaxStep(input: input, output: output, logarithm: node.activation == .logSoftmax)
    }
    let affine = node.operation.facts.affine(channels: node.shape.last ?? 1)
    return MapStep(
      input: input, output: output, scale: affine.map { Storage($0.scale) },
      shift: affine.map { Storage($0.shift) }, activation: node.activation.kernel)
  }

  private mutating func reshape(_ index: Int, from input: Place) {
    // The elements in order first; then, if a frame is needed, into it.
    let needsFrame = frames[index] != Frame()
    let flat =
      needsFrame
      ? place(shape: nodes[index].shape, frame: Frame(), isLasting: false) : place(for: index)
    let (height, width, channels) = (
      Int(input.image.height), Int(input.image.width), Int(input.image.channels)
    )
    blockSteps.append(
      CopyStep(input: input, output: flat.reshaped([height, width, channels])))
    if needsFrame {
      let output = place(for: index)
      blockSteps.append(CopyStep(input: flat, output: output))
      release(flat)
      complete(index, output)
    } else {
      complete(index, flat)
    }
  }

  private mutating func pad(_ index: Int, from input: Place, _ padding: Frame) {
    // The padding is a frame around a copy of the input; what readers need goes around that.
    let outer = frames[index]
    let (height, width, channels) = (
      Int(input.image.height), Int(input.image.width), Int(input.image.channels)
    )
    let inner = place(
      shape: [height, width, channels],
      frame: Frame(
        top: padding.top + outer.top, bottom: padding.bottom + outer.bottom,
        left: padding.left + outer.left, right: padding.right + outer.right),
      isLasting: kept.contains(index))
    blockSteps.append(CopyStep(input: input, output: inner))
    var image = inner.image
    image.height += Int32(padding.top + padding.bottom)
    image.width += Int32(padding.left + padding.right)
    let start =
      padding.top * Int(image.row_pitch) + padding.left * Int(image.pixel_pitch)
    let padded = Place(
      buffer: inner.buffer, offset: inner.offset - start, blockStride: inner.blockStride,
      image: image)
    if nodes[index].activation == .linear {
      complete(index, padded)
    } else {
      // Not in place: the zeros must stay zeros for the next block.
      map(index, from: padded)
    }
  }

  private func combine(_ index: Int, inputs: [Place], output: Place) -> [any Step] {
    let node = nodes[index]
    guard inputs.count > 1 else { return [mapStep(node, from: inputs[0], to: output)] }
    var steps: [any Step] = []
    for (number, input) in inputs.enumerated().dropFirst() {
      let isLast = number == inputs.count - 1
      steps.append(
        CombineStep(
          left: number == 1 ? inputs[0] : output, right: input, output: output,
          combination: node.operation.combination!,
          activation: (isLast ? node.activation : .linear).kernel))
    }
    return steps
  }

  private func concatenate(_ inputs: [Place], output: Place) -> [any Step] {
    var start = 0
    return inputs.map { input in
      let channels = Int(input.image.channels)
      defer { start += channels }
      return CopyStep(input: input, output: output.channels(start..<start + channels))
    }
  }

  private func binaryLogits(_ input: Place, output: Place) -> [any Step] {
    [
      ZeroingStep(place: output, channels: [0]),
      CopyStep(input: input, output: output.channels(1..<2)),
    ]
  }
}

extension MergedGraph.Entry {
  /// Whether the node can be computed for whole groups: it works on vectors, element by element
  /// or by a matrix product.
  var canStandInTail: Bool {
    guard shape.count == 1 else { return false }
    switch operation {
    case .dense, .batchNormalization, .layerNormalization, .rescaling, .activation, .add, .multiply,
      .maximum, .minimum, .concatenate, .binaryLogits, .trainingOnly, .flatten:
      return true
    case .input, .convolution, .depthwiseConvolution, .separableConvolution, .pooling,
      .globalPooling, .reshape, .zeroPadding, .rearrange, .resize:
      return false
    }
  }
}
