internal import CKernels

/// Emits the steps of a graph that has a buffer layout.
///
/// An image's result does not depend on the rest of the plan or on the image's position.
struct Emission {
  private let graph: Fused
  private let layout: BufferLayout
  private var blockSteps: [any Step] = []
  private var tailSegments: [Plan.Segment] = []
  /// The checks emitted so far.
  private var isChecked: Set<Int> = []

  init(_ graph: Fused, _ layout: BufferLayout) {
    self.graph = graph
    self.layout = layout
  }

  /// Returns all steps: those of spatial nodes, then those of the tail.
  mutating func segments() -> [Plan.Segment] {
    // The inputs are stored before the first step.
    for index in graph.nodes.indices where graph.nodes[index].isInput { restoreBorders(of: index) }
    for index in graph.nodes.indices {
      if layout.isTail[index] {
        emitTail(index)
        continue
      }
      if !graph.nodes[index].isInput {
        restoreBorders(of: index)
        blockSteps += spatialSteps(index)
      }
      if layout.isCopied(index) {
        blockSteps.append(
          CopyStep(input: layout.views[index]!, output: layout.tailViews[index]!))
      }
    }
    return [.perBlock(blockSteps)] + tailSegments
  }

  /// Appends the steps that store the zeros of borders that other values overwrite.
  private mutating func restoreBorders(of index: Int) {
    for (view, border) in layout.overwrittenBorders[index] ?? [] {
      blockSteps.append(BorderStep(around: view, border))
    }
  }

  /// Returns the check that the input of a layer with weights is finite, unless already emitted.
  private mutating func check(readBy node: FusedNode, at view: BufferView) -> [any Step] {
    guard node.operation.hasOwnChannels, let check = graph.checked.firstIndex(of: node.inputs[0]),
      isChecked.insert(check).inserted
    else { return [] }
    return [CheckStep(view: view, check: check)]
  }

  /// Returns the steps of a spatial node.
  private mutating func spatialSteps(_ index: Int) -> [any Step] {
    let node = graph.nodes[index]
    let inputs = node.inputs.map { layout.views[$0]! }
    let (input, output) = (inputs[0], layout.views[index]!)
    let axes = node.operation.kernelAxes(over: graph.nodes[node.inputs[0]].shape)
    var steps = check(readBy: node, at: input)
    switch node.operation {
    case .convolution(let c):
      let weights = ConvolutionWeights(c)
      if let axes, WinogradStep.applies(to: weights, output: node.operationShape) {
        steps.append(
          WinogradStep(
            weights, input: input, axes: axes, output: output, scratch: layout.scratch!,
            epilogue: node.epilogue))
      } else {
        steps += weights.steps(
          input: input, output: output, axes: axes, epilogue: node.epilogue)
      }
      return steps
    case .dense(let d):
      return steps
        + ConvolutionWeights(d).steps(
          input: input, output: output, axes: nil, epilogue: node.epilogue)
    case .depthwiseConvolution(let c):
      steps.append(DepthwiseStep(c, input: input, axes: axes, output: output))
    case .pooling(let pooling):
      steps.append(PoolingStep(input: input, output: output, pooling: pooling))
    case .globalPooling(let kind, _):
      steps.append(GlobalPoolingStep(input: input, output: output, kind: kind))
    case .adaptivePooling:
      steps.append(AdaptivePoolingStep(input: input, output: output))
    case .responseNormalization(let n):
      steps.append(ResponseNormalizationStep(input: input, output: output, normalization: n))
    case .parametricReLU(let r):
      steps.append(
        ParametricReLUStep(input: input, output: output, alpha: Storage(r.alpha.values)))
    case .matrixProduct:
      steps.append(MatrixProductStep(left: input, right: inputs[1], output: output))
    case .constantValue(let c):
      steps.append(ConstantStep(output: output, values: Storage(c.tensor.values)))
    case .flatten, .reshape:
      let flat = layout.temporaries[index] ?? output
      steps.append(
        CopyStep(input: input, output: flat.reshaped(graph.nodes[node.inputs[0]].shape)))
      if layout.temporaries[index] != nil { steps.append(CopyStep(input: flat, output: output)) }
    case .zeroPadding(let top, let bottom, let left, let right):
      let padded = layout.temporaries[index] ?? output
      let padding = Border(top: top, bottom: bottom, left: left, right: right)
      steps.append(CopyStep(input: input, output: padded.narrowed(by: padding)))
      guard layout.temporaries[index] == nil else {
        return steps + [node.mapStep(from: padded, to: output)]
      }
    case .rearrange(let r):
      let sources = r.sources(graph.nodes[node.inputs[0]].shape, node.shape)
      steps.append(GatherStep(sources, input: input, output: output))
    case .resize:
      steps.append(ResizingStep(input: input, output: output))
    case .batchNormalization, .layerNormalization, .rescaling, .activation, .add, .multiply,
      .maximum, .minimum, .concatenate, .binaryLogits:
      return steps + node.steps(reading: inputs, output: output)
    case .input, .separableConvolution, .trainingOnly:
      preconditionFailure("\(node.operation.displayName) is no basic operation")
    }
    return steps + node.activationSteps(at: output)
  }

  /// Appends the steps of a node of the tail.
  private mutating func emitTail(_ index: Int) {
    let node = graph.nodes[index]
    let inputs = node.inputs.map { layout.tailViews[$0]! }
    let output = layout.views[index]!
    switch node.operation {
    case .dense(let d):
      appendToTail(check(readBy: node, at: inputs[0]))
      tailSegments.append(
        .group(
          DenseStep(
            d, input: inputs[0], output: output, blocks: layout.blocks, epilogue: node.epilogue)))
    case .flatten: break  // It shares the memory of its input.
    case .batchNormalization, .layerNormalization, .rescaling, .activation, .add, .multiply,
      .maximum, .minimum, .concatenate, .binaryLogits:
      appendToTail(node.steps(reading: inputs, output: output))
    case .input, .convolution, .depthwiseConvolution, .separableConvolution, .pooling,
      .globalPooling, .adaptivePooling, .responseNormalization, .parametricReLU, .matrixProduct,
      .constantValue, .reshape, .zeroPadding, .rearrange, .resize, .trainingOnly:
      preconditionFailure("\(node.operation.displayName) has no form in the tail")
    }
  }

  private mutating func appendToTail(_ steps: [any Step]) {
    if case .perBlock(let earlier) = tailSegments.last {
      tailSegments[tailSegments.count - 1] = .perBlock(earlier + steps)
    } else if !steps.isEmpty {
      tailSegments.append(.perBlock(steps))
    }
  }
}

extension FusedNode {
  /// Returns the steps of an operation that is the same for spatial nodes and for the tail.
  fileprivate func steps(reading inputs: [BufferView], output: BufferView) -> [any Step] {
    var steps: [any Step] = []
    if let combination = operation.combination {
      steps.append(
        CombineStep(
          left: inputs[0], right: inputs[1], output: output, combination: combination,
          activation: epilogue.activation.kernel))
    } else if case .layerNormalization(let n) = operation {
      steps.append(LayerNormalizationStep(n, input: inputs[0], output: output))
      steps += activationSteps(at: output)
    } else if operation == .concatenate {
      var start = 0
      for input in inputs {
        let channels = start..<start + Int(input.image.channels)
        steps.append(CopyStep(input: input, output: output.channels(channels)))
        start = channels.upperBound
      }
      steps += activationSteps(at: output)
    } else if operation == .binaryLogits {
      steps.append(ZeroingStep(view: output, channels: [0]))
      steps.append(CopyStep(input: inputs[0], output: output.channels(1..<2)))
      steps += activationSteps(at: output)
    } else {
      steps.append(mapStep(from: inputs[0], to: output))
    }
    if !epilogue.zeroed.isEmpty {
      steps.append(ZeroingStep(view: output, channels: epilogue.zeroed))
    }
    return steps
  }

  /// Returns the steps that apply the activation in place.
  fileprivate func activationSteps(at view: BufferView) -> [any Step] {
    if epilogue.activation == .linear { return [] }
    return [
      MapStep(
        input: view, output: view, scale: nil, shift: nil,
        activation: epilogue.activation.kernel)
    ]
  }

  /// Returns an elementwise operation, or a softmax, as a step.
  fileprivate func mapStep(from input: BufferView, to output: BufferView) -> any Step {
    if !epilogue.activation.isElementwise {
      return SoftmaxStep(
        input: input, output: output, logarithm: epilogue.activation == .logSoftmax)
    }
    let affine = operation.facts.affine(channels: shape.last ?? 1)
    return MapStep(
      input: input, output: output, scale: affine.map { Storage($0.scale) },
      shift: affine.map { Storage($0.shift) }, activation: epilogue.activation.kernel)
  }
}
