internal import InferenceGraph
internal import CKernels

extension TrainingBuilder {
  /// A convolution: y = x * K + b. The gradient of x is a convolution of y's gradient with the
  /// rotated kernel; the gradient of K is the correlation of x and y's gradient.
  func convolution(_ index: Int, _ c: Convolution) -> () -> Void {
    let node = nodes[index]
    let x = values[node.inputs[0]]!
    let (y, rectifies) = makeResult(index)
    let axes = node.operation.kernelAxes(over: nodes[node.inputs[0]].shape)
    let weights = ConvolutionWeights(c)
    let (depth, filters) = (c.kernel.shape[2], c.kernel.shape[3])
    let kernel = node.weights[.kernel]!
    let bias = node.weights[.bias]
    if let axes, WinogradStep.applies(to: weights, output: node.shape) {
      let step = WinogradStep(
        inputs: depth, outputs: filters, before: (axes.rows.before, axes.columns.before),
        input: x.view, output: y.view, activation: rectifies ? .relu : .linear)
      pack(step, kernel, inputs: depth, outputs: filters, isTransposed: false)
      copyBias(bias, 0..<filters, to: step.bias)
      let memory = self.memory
      memory.reserveScratch(WinogradStep.scratchSize(inputs: depth, outputs: filters))
      forwardBlocks { block, slot in
        unsafe step.run(x.at(block), y.at(block), scratch: memory.scratch(slot))
      }
    } else {
      let steps = weights.steps(
        input: x.view, output: y.view, axes: axes,
        epilogue: Epilogue(activation: rectifies ? .relu : .linear))
      let perGroup = filters / c.groups
      let taps = c.kernel.count / filters
      for (group, step) in steps.enumerated() {
        let offsets = Storage((0..<taps).map { Int32($0 * filters + group * perGroup) })
        pack(step, kernel, offsets: offsets, stride: 1)
        copyBias(bias, group * perGroup..<(group + 1) * perGroup, to: step.bias)
        let (from, to) = (
          x.channels(group * depth..<(group + 1) * depth),
          y.channels(group * perGroup..<(group + 1) * perGroup)
        )
        forwardBlocks { block, _ in unsafe step.run(from.at(block), to.at(block)) }
      }
    }
    finishActivation(index, y, isRectified: rectifies)
    return { [self] in
      let (valueGradient, _) = valueGradient(index)
      if differentiates(node) {
        kernelGradient(c, axes: axes, x, valueGradient, kernel: kernel)
        if let bias { biasGradient(bias, valueGradient) }
      }
      if needsGradient[node.inputs[0]] { inputGradients(node, c, valueGradient) }
    }
  }

  // MARK: Gradients of weights

  private func kernelGradient(
    _ c: Convolution, axes: (rows: WindowAxis, columns: WindowAxis)?, _ x: BatchValue,
    _ valueGradient: BatchValue, kernel: Parameters.Segment
  ) {
    let gradient = unsafe slotGradient(kernel)
    let (from, to) = (x.image, valueGradient.image)
    if let axes,
      WinogradGradient.applies(to: c, output: [Int(to.height), Int(to.width)])
    {
      let work = WinogradGradient(c, axes: axes, input: from, valueGradient: to)
      let memory = self.memory
      memory.reserveScratch(work.scratchSize)
      backwardBlocks { block, slot in
        unsafe work.run(
          x.at(block), valueGradient.at(block), gradient: gradient(slot),
          scratch: memory.scratch(slot))
      }
      return
    }
    let (depth, filters) = (c.kernel.shape[2], c.kernel.shape[3])
    let perGroup = filters / c.groups
    let weights = ConvolutionWeights(c)
    let pixels = weights.pixelTable(from, to)
    let (offsets, tiles) = (Storage(weights.tapOffsets(from)), Storage(tileWidths(perGroup)))
    let (inputPixels, outputPixels) = (Storage(pixels.input), Storage(pixels.output))
    let start = from.start(of: axes)
    for group in 0..<c.groups {
      let part = x.channels(group * depth..<(group + 1) * depth)
      let valueGradients = valueGradient.channels(group * perGroup..<(group + 1) * perGroup)
      backwardBlocks { block, slot in
        var work = unsafe dk_weight_gradient(
          taps: Int64(offsets.count), offsets: offsets.pointer,
          pixels: Int64(inputPixels.count), input_pixels: inputPixels.pointer,
          output_pixels: outputPixels.pointer, tiles: Int64(tiles.count),
          tile_channels: tiles.pointer, channel_pitch: to.channel_pitch,
          row_pitch: Int64(filters))
        unsafe kernels.convolve_weights(
          &work, part.at(block) + start, valueGradients.at(block), gradient(slot) + group * perGroup
        )
      }
    }
  }

  /// Adds a bias's gradient, the sum of the output gradients, to the slot's.
  func biasGradient(_ bias: Parameters.Segment, _ valueGradient: BatchValue) {
    let gradient = unsafe slotGradient(bias)
    let image = valueGradient.image
    backwardBlocks { block, slot in
      unsafe kernels.channel_totals(valueGradient.at(block), image, gradient(slot))
    }
  }

  // MARK: Packing

  /// Packs a step's weights before every batch, from the kernel's elements at the offsets.
  func pack(
    _ step: ConvolutionStep, _ kernel: Parameters.Segment, offsets: Storage<Int32>, stride: Int
  ) {
    let source = parameters.weights
    let start = kernel.range.lowerBound
    packing.append {
      unsafe kernels.gather_weights(
        source.pointer + start, Int64(offsets.count), offsets.pointer, Int64(stride),
        Int64(step.tiles.count), step.tiles.pointer, step.weights.pointer)
    }
  }

  /// Transforms a step's weights before every batch.
  ///
  /// - Parameter isTransposed: Whether to rotate the kernel and to swap inputs and outputs.
  func pack(
    _ step: WinogradStep, _ kernel: Parameters.Segment, inputs: Int, outputs: Int,
    isTransposed: Bool
  ) {
    let source = parameters.weights
    let start = kernel.range.lowerBound
    let pairs = inputs * outputs
    packing.append {
      unsafe kernels.winograd_weights(
        source.pointer + start + (isTransposed ? 8 * pairs : 0), Int64(inputs),
        Int64(isTransposed ? 1 : outputs), Int64(outputs), Int64(isTransposed ? inputs : 1),
        Int64(isTransposed ? -pairs : pairs), Int64(step.tiles.count), step.tiles.pointer,
        step.weights.pointer)
    }
  }

  private func copyBias(
    _ bias: Parameters.Segment?, _ channels: Range<Int>, to target: Storage<Float>
  ) {
    guard let bias else { return }
    let source = parameters.weights
    let start = bias.range.lowerBound + channels.lowerBound
    let count = channels.count
    packing.append {
      unsafe target.pointer.update(from: source.pointer + start, count: count)
    }
  }
}
