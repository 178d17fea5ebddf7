internal import CKernels

/// Along one axis: which slopes of a convolution an input element's slope is a sum of.
///
/// Element y is read by window o through tap t where y = o * stride - padding + t * dilation. The
/// elements with the same remainder by the stride, a *phase*, have the same taps.
struct SlopeWindows {
  /// By phase: taps, each with o - y / stride.
  let phases: [[(tap: Int, shift: Int)]]
  /// Zeros before and after the slopes that are read.
  let before: Int
  let after: Int

  init(_ c: Convolution, _ extent: Int, rows: Bool) {
    let taps = c.kernel.shape[rows ? 0 : 1]
    let stride = rows ? c.strides.height : c.strides.width
    let dilation = rows ? c.dilation.height : c.dilation.width
    let axis = WindowAxis(extent, taps, stride, dilation, c.padding)
    var phases: [[(tap: Int, shift: Int)]] = []
    var (least, most) = (0, axis.count - 1)
    for phase in 0..<min(stride, extent) {
      var found: [(tap: Int, shift: Int)] = []
      for tap in 0..<taps {
        let distance = phase + axis.before - tap * dilation
        guard distance % stride == 0 else { continue }
        let shift = distance / stride
        found.append((tap, shift))
        least = min(least, shift)
        most = max(most, shift + (extent - 1 - phase) / stride)
      }
      phases.append(found)
    }
    self.phases = phases
    before = -least
    after = most - (axis.count - 1)
  }
}

extension TrainingBuilder {
  /// A convolution: y = x * K + b. The slopes go back through a convolution with the kernel turned
  /// around; the kernel's gradient is the correlation of input and slopes.
  func convolution(_ index: Int, _ c: Convolution) -> () -> Void {
    let node = nodes[index]
    let x = values[node.inputs[0]]!
    let (y, rectifies) = makeResult(index)
    let axes = nodes[index].operation.windowAxes(input: nodes[node.inputs[0]].shape)
    let weights = ConvolutionWeights(
      kernel: c.kernel, dilation: c.dilation, strides: c.strides, groups: c.groups)
    let kernel = node.weights[.kernel]!
    let bias = node.weights[.bias]
    if let axes, WinogradStep.applies(to: weights, output: node.shape) {
      let step = WinogradStep(
        weights, input: x.place, axes: axes, output: y.place, scratch: 0, affine: nil,
        rectify: rectifies, pool: false)
      pack(step, kernel, inputs: c.kernel.shape[2], outputs: c.kernel.shape[3], isTurned: false)
      copyBias(bias, 0..<c.kernel.shape[3], to: step.bias)
      let scratch = self.scratch
      scratch.reserve(WinogradStep.scratchSize(weights))
      forwardBlocks { block, slot in
        unsafe step.run(x.at(block), y.at(block), scratch: scratch.pointer(slot))
      }
    } else {
      let steps = weights.steps(
        input: x.place, output: y.place, axes: axes, rectify: rectifies)
      let filters = c.kernel.shape[3] / c.groups
      let taps = c.kernel.count / c.kernel.shape[3]
      for (group, step) in steps.enumerated() {
        let offsets = Storage((0..<taps).map { Int32($0 * c.kernel.shape[3] + group * filters) })
        pack(step, kernel, offsets: offsets, stride: 1)
        copyBias(bias, group * filters..<(group + 1) * filters, to: step.bias)
        let (from, to) = (
          x.channels(group * c.kernel.shape[2]..<(group + 1) * c.kernel.shape[2]),
          y.channels(group * filters..<(group + 1) * filters)
        )
        forwardBlocks { block, _ in unsafe step.run(from.at(block), to.at(block)) }
      }
    }
    finishActivation(index, y, isRectified: rectifies)
    return { [self] in
      let (slope, _) = slope(index)
      if differentiatesWeights {
        kernelGradient(c, axes: axes, x, slope, kernel: kernel, bias: bias)
      }
      if needsSlope[node.inputs[0]] { inputSlopes(node, c, slope) }
    }
  }

  // MARK: Back

  private func kernelGradient(
    _ c: Convolution, axes: (rows: WindowAxis, columns: WindowAxis)?, _ x: BatchValue,
    _ slope: BatchValue, kernel: Parameters.Segment, bias: Parameters.Segment?
  ) {
    let (memory, slotSize) = (slotGradients, self.slotSize)
    let kernelStart = slotStarts[kernel.range.lowerBound]!
    if let axes, WinogradGradient.applies(to: c, output: slope.image) {
      let work = WinogradGradient(c, axes: axes, input: x.image, slope: slope.image)
      let scratch = self.scratch
      scratch.reserve(work.scratchSize)
      backwardBlocks { block, slot in
        unsafe work.run(
          x.at(block), slope.at(block),
          gradient: memory.pointer + slot * slotSize + kernelStart,
          scratch: scratch.pointer(slot))
      }
      if let bias { biasGradient(bias, slope) }
      return
    }
    let (height, width, depth, filters) = (
      c.kernel.shape[0], c.kernel.shape[1], c.kernel.shape[2], c.kernel.shape[3]
    )
    let perGroup = filters / c.groups
    let (from, to) = (x.image, slope.image)
    var offsets: [Int32] = []
    for i in 0..<height {
      for j in 0..<width {
        for channel in 0..<depth {
          offsets.append(
            Int32(
              i * c.dilation.height * Int(from.row_pitch)
                + j * c.dilation.width * Int(from.pixel_pitch)
                + channel * Int(from.channel_pitch)))
        }
      }
    }
    var inputPixels: [Int32] = []
    var outputPixels: [Int32] = []
    for i in 0..<Int(to.height) {
      for j in 0..<Int(to.width) {
        inputPixels.append(
          Int32(
            i * c.strides.height * Int(from.row_pitch) + j * c.strides.width
              * Int(from.pixel_pitch)))
        outputPixels.append(Int32(i * Int(to.row_pitch) + j * Int(to.pixel_pitch)))
      }
    }
    let start =
      -(axes?.rows.before ?? 0) * Int(from.row_pitch)
      - (axes?.columns.before ?? 0) * Int(from.pixel_pitch)
    let (offsetTable, inputTable) = (Storage(offsets), Storage(inputPixels))
    let (outputTable, tiles) = (Storage(outputPixels), Storage(tileWidths(perGroup)))
    for group in 0..<c.groups {
      let part = x.channels(group * depth..<(group + 1) * depth)
      let slopes = slope.channels(group * perGroup..<(group + 1) * perGroup)
      backwardBlocks { block, slot in
        var work = unsafe dk_weight_gradient(
          taps: Int64(offsetTable.count), offsets: offsetTable.pointer,
          pixels: Int64(inputTable.count), input_pixels: inputTable.pointer,
          output_pixels: outputTable.pointer, tiles: Int64(tiles.count),
          tile_channels: tiles.pointer, channel_pitch: to.channel_pitch,
          row_pitch: Int64(filters))
        unsafe dk_convolve_weights(
          &work, part.at(block) + start, slopes.at(block),
          memory.pointer + slot * slotSize + kernelStart + group * perGroup)
      }
    }
    if let bias { biasGradient(bias, slope) }
  }

  /// Adds a bias's gradient, the sum of the slopes, to the slot's.
  func biasGradient(_ bias: Parameters.Segment, _ slope: BatchValue) {
    let (memory, slotSize) = (slotGradients, self.slotSize)
    let start = slotStarts[bias.range.lowerBound]!
    let image = slope.image
    backwardBlocks { block, slot in
      unsafe dk_channel_totals(
        slope.at(block), image, memory.pointer + slot * slotSize + start)
    }
  }

  private func inputSlopes(_ node: TrainingNode, _ c: Convolution, _ slope: BatchValue) {
    let input = node.inputs[0]
    let (height, width) = (nodes[input].shape[0], nodes[input].shape[1])
    let rows = SlopeWindows(c, height, rows: true)
    let columns = SlopeWindows(c, width, rows: false)
    let hasGaps =
      rows.phases.contains(where: \.isEmpty) || columns.phases.contains(where: \.isEmpty)
    let (target, isThere) = self.slope(input, cleared: hasGaps)
    let kernel = node.weights[.kernel]!
    let (depth, filters) = (c.kernel.shape[2], c.kernel.shape[3])
    let turned = ConvolutionWeights(
      kernel: Tensor(
        shape: [c.kernel.shape[0], c.kernel.shape[1], filters, depth],
        repeating: 0))
    if !isThere, c.groups == 1, c.strides == .one, c.dilation == .one,
      WinogradStep.applies(to: turned, output: nodes[input].shape)
    {
      // The slopes' frame is what full padding reads.
      let step = WinogradStep(
        turned, input: slope.place,
        axes: (
          WindowAxis(before: rows.before, count: height),
          WindowAxis(before: columns.before, count: width)
        ), output: target.place, scratch: 0, affine: nil, rectify: false, pool: false)
      pack(step, kernel, inputs: filters, outputs: depth, isTurned: true)
      let scratch = self.scratch
      scratch.reserve(WinogradStep.scratchSize(turned))
      backwardBlocks { block, slot in
        unsafe step.run(slope.at(block), target.at(block), scratch: scratch.pointer(slot))
      }
      return
    }
    let perGroup = filters / c.groups
    for group in 0..<c.groups {
      let from = slope.channels(group * perGroup..<(group + 1) * perGroup)
      let to = target.channels(group * depth..<(group + 1) * depth)
      for (y, rowTaps) in rows.phases.enumerated() where !rowTaps.isEmpty {
        for (x, columnTaps) in columns.phases.enumerated() where !columnTaps.isEmpty {
          let (step, offsets) = phaseStep(
            c, group: group, from: from, to: to, phase: (y, x), rowTaps, columnTaps,
            accumulate: isThere)
          pack(step, kernel, offsets: offsets, stride: filters)
          backwardBlocks { block, _ in unsafe step.run(from.at(block), to.at(block)) }
        }
      }
    }
  }

  /// The convolution that gives one phase of the input's slopes, and where its weights come from.
  private func phaseStep(
    _ c: Convolution, group: Int, from: BatchValue, to: BatchValue, phase: (y: Int, x: Int),
    _ rowTaps: [(tap: Int, shift: Int)], _ columnTaps: [(tap: Int, shift: Int)], accumulate: Bool
  ) -> (ConvolutionStep, Storage<Int32>) {
    let (width, depth, filters) = (c.kernel.shape[1], c.kernel.shape[2], c.kernel.shape[3])
    let perGroup = filters / c.groups
    var offsets: [Int32] = []
    var sources: [Int32] = []
    for row in rowTaps {
      for column in columnTaps {
        for filter in 0..<perGroup {
          offsets.append(
            Int32(
              row.shift * Int(from.image.row_pitch) + column.shift * Int(from.image.pixel_pitch)
                + filter * Int(from.image.channel_pitch)))
          sources.append(
            Int32(
              (row.tap * width + column.tap) * depth * filters + group * perGroup + filter))
        }
      }
    }
    var inputPixels: [Int32] = []
    var outputPixels: [Int32] = []
    for y in stride(from: phase.y, to: Int(to.image.height), by: c.strides.height) {
      for x in stride(from: phase.x, to: Int(to.image.width), by: c.strides.width) {
        inputPixels.append(
          Int32(
            y / c.strides.height * Int(from.image.row_pitch)
              + x / c.strides.width * Int(from.image.pixel_pitch)))
        outputPixels.append(
          Int32(y * Int(to.image.row_pitch) + x * Int(to.image.pixel_pitch)))
      }
    }
    // As in the forward direction, a last group repeats its last pixel.
    while inputPixels.count > 1 && inputPixels.count % pixelGroup != 0 {
      inputPixels.append(inputPixels[inputPixels.count - 1])
      outputPixels.append(outputPixels[outputPixels.count - 1])
    }
    let step = ConvolutionStep(
      input: from.place, start: 0, output: to.place,
      weights: Storage(count: offsets.count * depth), bias: Storage(count: depth), scale: nil,
      shift: nil, offsets: Storage(offsets), inputPixels: Storage(inputPixels),
      outputPixels: Storage(outputPixels), tiles: Storage(tileWidths(depth)), pool: false,
      rectify: false, accumulate: accumulate)
    return (step, Storage(sources))
  }

  // MARK: Packing

  private func pack(
    _ step: ConvolutionStep, _ kernel: Parameters.Segment, offsets: Storage<Int32>, stride: Int
  ) {
    let source = parameters.weights
    let start = kernel.range.lowerBound
    packing.append {
      unsafe dk_gather_weights(
        source.pointer + start, Int64(offsets.count), offsets.pointer, Int64(stride),
        Int64(step.tiles.count), step.tiles.pointer, step.weights.pointer)
    }
  }

  /// - Parameter isTurned: Whether the kernel is turned around and goes from outputs to inputs.
  private func pack(
    _ step: WinogradStep, _ kernel: Parameters.Segment, inputs: Int, outputs: Int, isTurned: Bool
  ) {
    let source = parameters.weights
    let start = kernel.range.lowerBound
    let pairs = inputs * outputs
    packing.append {
      unsafe dk_winograd_weights(
        source.pointer + start + (isTurned ? 8 * pairs : 0), Int64(inputs),
        Int64(isTurned ? 1 : outputs), Int64(outputs), Int64(isTurned ? inputs : 1),
        Int64(isTurned ? -pairs : pairs), Int64(step.tiles.count), step.tiles.pointer,
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
