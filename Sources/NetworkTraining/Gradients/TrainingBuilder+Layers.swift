internal import InferenceGraph
internal import CKernels
internal import COpenBLAS

extension TrainingBuilder {
  // MARK: Dense

  /// y = xW + b on vectors: matrix products over all lanes of the batch.
  func dense(_ index: Int, _ d: Dense) -> () -> Void {
    let node = nodes[index]
    let input = node.inputs[0]
    let x = values[input]!
    let (y, rectifies) = makeResult(index)
    let kernel = node.weights[.kernel]!
    let (inputs, units) = (d.kernel.shape[0], d.kernel.shape[1])
    let pitch = blasint(blocks * laneCount)
    let weights = parameters.weights
    let (state, start) = (self.state, kernel.range.lowerBound)
    let columns: @Sendable () -> blasint = { blasint(state.blocks * laneCount) }
    let outputs = rowPieces(units)
    forwardPieces(outputs.count) { piece in
      let rows = outputs[piece]
      unsafe cblas_sgemm(
        CblasRowMajor, CblasTrans, CblasNoTrans, blasint(rows.count), columns(), blasint(inputs),
        1, weights.pointer + start + rows.lowerBound, blasint(units), x.at(0), pitch, 0,
        y.at(0) + rows.lowerBound * Int(pitch), pitch)
    }
    let bias = node.weights[.bias]
    if bias != nil || rectifies {
      let image = y.image
      let activation = (rectifies ? Activation.relu : .linear).kernel
      let biasStart = bias?.range.lowerBound
      forwardBlocks { block, _ in
        unsafe kernels.map(
          y.at(block), image, y.at(block), image, nil,
          biasStart.map { unsafe weights.pointer + $0 },
          activation)
      }
    }
    finishActivation(index, y, isRectified: rectifies)
    return { [self] in
      let valueGradient = self.valueGradient(index).gradient
      let pieces = rowPieces(inputs)
      if differentiates(node) {
        let gradient = parameters.gradient
        backwardPieces(pieces.count) { piece in
          let rows = pieces[piece]
          unsafe cblas_sgemm(
            CblasRowMajor, CblasNoTrans, CblasTrans, blasint(rows.count), blasint(units),
            columns(), 1, x.at(0) + rows.lowerBound * Int(pitch), pitch, valueGradient.at(0), pitch,
            0,
            gradient.pointer + start + rows.lowerBound * units, blasint(units))
        }
        if let bias {
          let biasStart = bias.range.lowerBound
          backwardPieces(1) { _ in
            unsafe kernels.row_totals(
              valueGradient.at(0), Int64(units), Int64(columns()), Int64(pitch),
              gradient.pointer + biasStart)
          }
        }
      }
      guard needsGradient[input] else { return }
      let (target, accumulates) = self.valueGradient(input)
      backwardPieces(pieces.count) { piece in
        let rows = pieces[piece]
        unsafe cblas_sgemm(
          CblasRowMajor, CblasNoTrans, CblasNoTrans, blasint(rows.count), columns(),
          blasint(units), 1, weights.pointer + start + rows.lowerBound * units, blasint(units),
          valueGradient.at(0), pitch, accumulates ? 1 : 0,
          target.at(0) + rows.lowerBound * Int(pitch), pitch)
      }
    }
  }

  /// Divides the rows of a product into pieces for several threads.
  private func rowPieces(_ rows: Int) -> [Range<Int>] {
    let count = max(1, min(8, rows / 32))
    return (0..<count).map { rows * $0 / count..<rows * ($0 + 1) / count }
  }

  // MARK: Depthwise

  func depthwise(_ index: Int, _ c: DepthwiseConvolution) -> () -> Void {
    let node = nodes[index]
    let input = node.inputs[0]
    let x = values[input]!
    let (y, _) = makeResult(index)
    let (from, to) = (x.image, y.image)
    let axes = node.operation.kernelAxes(over: nodes[input].shape)!
    let window = dk_window(
      height: Int32(c.kernel.shape[0]), width: Int32(c.kernel.shape[1]),
      stride_h: Int32(c.strides.height), stride_w: Int32(c.strides.width),
      dilation_h: Int32(c.dilation.height), dilation_w: Int32(c.dilation.width),
      before_h: Int32(axes.rows.before), before_w: Int32(axes.columns.before))
    let multiplier = Int32(c.kernel.shape[3])
    let table = Storage(
      from.tapOffsets(c.kernel.shape[0], c.kernel.shape[1], dilation: c.dilation))
    let first = from.start(of: axes)
    let rowStep = Int64(c.strides.height) * from.row_pitch
    let pixelStep = Int64(c.strides.width) * from.pixel_pitch
    let weights = parameters.weights
    let kernel = node.weights[.depthwiseKernel]!
    let (start, bias) = (kernel.range.lowerBound, node.weights[.bias])
    let zeros = Storage<Float>(count: Int(to.channels))
    let biasStart = bias?.range.lowerBound
    forwardBlocks { block, _ in
      unsafe kernels.depthwise(
        x.at(block) + first, rowStep, pixelStep, from.channel_pitch, y.at(block), to, multiplier,
        Int32(table.count), table.pointer, weights.pointer + start,
        biasStart.map { unsafe weights.pointer + $0 } ?? zeros.pointer)
    }
    finishActivation(index, y, isRectified: false)
    return { [self] in
      let valueGradient = self.valueGradient(index).gradient
      let image = valueGradient.image
      if differentiates(node) {
        let gradient = unsafe slotGradient(kernel)
        backwardBlocks { block, slot in
          unsafe kernels.depthwise_weights(
            x.at(block) + first, rowStep, pixelStep, from.channel_pitch, valueGradient.at(block),
            image,
            multiplier, Int32(table.count), table.pointer, gradient(slot))
        }
        if let bias { biasGradient(bias, valueGradient) }
      }
      guard needsGradient[input] else { return }
      let target = self.valueGradient(input, cleared: true).gradient
      let targetImage = target.image
      backwardBlocks { block, _ in
        unsafe kernels.depthwise_input(
          valueGradient.at(block), image, target.at(block), targetImage, window, multiplier,
          weights.pointer + start)
      }
    }
  }

  // MARK: Pooling

  func pooling(_ index: Int, _ p: Pooling) -> () -> Void {
    let node = nodes[index]
    let input = node.inputs[0]
    let x = values[input]!
    let (y, _) = makeResult(index)
    let step = PoolingStep(input: x.view, output: y.view, pooling: p)
    forwardBlocks { block, _ in unsafe step.run(x.at(block), y.at(block)) }
    finishActivation(index, y, isRectified: false)
    return { [self] in
      guard needsGradient[input] else { return }
      let valueGradient = self.valueGradient(index).gradient
      let rows = p.grid.rows(Int(x.image.height))
      let columns = p.grid.columns(Int(x.image.width))
      // If windows neither overlap nor leave gaps, every element is written exactly once.
      let isTiling =
        p.window == p.strides && rows.count * p.strides.height - rows.before >= x.image.height
        && columns.count * p.strides.width - columns.before >= x.image.width
      let (target, accumulates) = self.valueGradient(input, cleared: !isTiling)
      // The gradient of a rectifier that only this pooling reads is applied in the same pass.
      let rectified =
        p.kind == .max && nodes[input].activation == .relu && readers[input] == 1
      if rectified { isRectified[input] = true }
      let window = dk_window(
        height: Int32(p.window.height), width: Int32(p.window.width),
        stride_h: Int32(p.strides.height), stride_w: Int32(p.strides.width), dilation_h: 1,
        dilation_w: 1, before_h: Int32(rows.before), before_w: Int32(columns.before))
      let (from, image, to) = (x.image, valueGradient.image, target.image)
      backwardBlocks { block, _ in
        unsafe kernels.pool_gradient(
          x.at(block), from, valueGradient.at(block), image, target.at(block), to, window,
          p.kind == .average, rectified, accumulates)
      }
    }
  }

  /// The mean or the maximum over all pixels.
  func globalPooling(_ index: Int, _ kind: PoolingKind) -> () -> Void {
    let node = nodes[index]
    let input = node.inputs[0]
    let x = values[input]!
    let (y, _) = makeResult(index)
    let (from, to) = (x.image, y.image)
    forwardBlocks { block, _ in
      unsafe kernels.pool_all(x.at(block), from, y.at(block), to.channel_pitch, kind == .average)
    }
    finishActivation(index, y, isRectified: false)
    return { [self] in
      guard let (valueGradient, target) = gradients(of: index, addingTo: input) else {
        return
      }
      let (image, targetImage) = (valueGradient.image, target.image)
      backwardBlocks { block, _ in
        unsafe kernels.spread(
          valueGradient.at(block), image.channel_pitch, x.at(block), from, target.at(block),
          targetImage,
          kind == .average)
      }
    }
  }
}
