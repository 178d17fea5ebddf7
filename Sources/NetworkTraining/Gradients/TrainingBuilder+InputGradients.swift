internal import CKernels
internal import InferenceGraph

/// Along one axis: the output gradients that an input element's gradient is a sum of.
///
/// Window o reads element y through tap t where y = o * stride - padding + t * dilation. Elements
/// with the same remainder by the stride, a *phase*, have the same taps.
struct GradientWindows {
  /// By phase: the taps, each with o - y / stride.
  let phases: [[(tap: Int, shift: Int)]]
  /// Zeros needed before and after the output gradients.
  let before: Int
  let after: Int

  init(_ c: Convolution, _ extent: Int, rows: Bool) {
    let taps = c.kernel.shape[rows ? 0 : 1]
    let stride = rows ? c.strides.height : c.strides.width
    let dilation = rows ? c.dilation.height : c.dilation.width
    let axis = rows ? c.window.rows(extent) : c.window.columns(extent)
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
  /// Appends the work that turns a convolution's output gradient into its input gradient.
  func inputGradients(_ node: TrainingNode, _ c: Convolution, _ valueGradient: BatchValue) {
    let input = node.inputs[0]
    let (height, width) = (nodes[input].shape[0], nodes[input].shape[1])
    let rows = GradientWindows(c, height, rows: true)
    let columns = GradientWindows(c, width, rows: false)
    let hasGaps =
      rows.phases.contains(where: \.isEmpty) || columns.phases.contains(where: \.isEmpty)
    let (target, accumulates) = self.valueGradient(input, cleared: hasGaps)
    let kernel = node.weights[.kernel]!
    let (depth, filters) = (c.kernel.shape[2], c.kernel.shape[3])
    if !accumulates, WinogradStep.applies(to: ConvolutionWeights(c), output: nodes[input].shape) {
      // Full padding, except where it would compute the gradient of zeros around the input.
      let step = WinogradStep(
        inputs: filters, outputs: depth,
        before: (2 - c.window.rows(height).before, 2 - c.window.columns(width).before),
        input: valueGradient.view, output: target.view)
      pack(step, kernel, inputs: filters, outputs: depth, isTransposed: true)
      let memory = self.memory
      memory.reserveScratch(WinogradStep.scratchSize(inputs: filters, outputs: depth))
      backwardBlocks { block, slot in
        unsafe step.run(valueGradient.at(block), target.at(block), scratch: memory.scratch(slot))
      }
      return
    }
    let perGroup = filters / c.groups
    for group in 0..<c.groups {
      let from = valueGradient.channels(group * perGroup..<(group + 1) * perGroup)
      let to = target.channels(group * depth..<(group + 1) * depth)
      for (y, rowTaps) in rows.phases.enumerated() where !rowTaps.isEmpty {
        for (x, columnTaps) in columns.phases.enumerated() where !columnTaps.isEmpty {
          let (step, offsets) = phaseStep(
            c, group: group, from: from, to: to, phase: (y, x), rowTaps, columnTaps,
            accumulate: accumulates)
          pack(step, kernel, offsets: offsets, stride: filters)
          backwardBlocks { block, _ in unsafe step.run(from.at(block), to.at(block)) }
        }
      }
    }
  }

  /// Returns the convolution for one phase of the input gradient, and packs its weights.
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
    let step = ConvolutionStep(
      input: from.view, start: 0, output: to.view,
      weights: Storage(count: offsets.count * depth), bias: Storage(count: depth), scale: nil,
      shift: nil, offsets: Storage(offsets),
      pixels: PixelTable(input: inputPixels, output: outputPixels),
      tiles: Storage(tileWidths(depth)), activation: Activation.linear.kernel,
      accumulate: accumulate)
    return (step, Storage(sources))
  }
}
