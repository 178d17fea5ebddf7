internal import InferenceGraph
internal import CKernels

/// Gradients with equal keys can share memory one after another.
struct GradientKey: Hashable {
  let shape: [Int]
  let border: Border
}

extension TrainingBuilder {
  /// Reserves memory for a node's value.
  func makeValue(_ index: Int) -> BatchValue {
    let view = self.view(nodes[index].shape, borders[index])
    return BatchValue(memory: memory, start: memory.reserve(view.size), view: view.view)
  }

  /// Returns the buffer of a node's gradient, reserving it if necessary, and whether to add to its
  /// contents instead of replacing them.
  ///
  /// - Parameter cleared: Whether a new buffer must be zero, because gradients will be added to it.
  func valueGradient(_ index: Int, cleared: Bool = false) -> (
    gradient: BatchValue, accumulates: Bool
  ) {
    if let valueGradient = valueGradients[index] { return (valueGradient, true) }
    let valueGradient = makeGradient(index)
    valueGradients[index] = valueGradient
    if cleared {
      let image = valueGradient.image
      backwardBlocks { block, _ in unsafe kernels.fill(valueGradient.at(block), image, 0) }
    }
    return (valueGradient, cleared)
  }

  /// Returns the gradients of a node and of its input, to which the node adds; nil if the input needs
  /// none.
  func gradients(
    of index: Int, addingTo input: Int
  ) -> (value: BatchValue, input: BatchValue)? {
    guard needsGradient[input] else { return nil }
    return (valueGradient(index).gradient, valueGradient(input, cleared: true).gradient)
  }

  private func makeGradient(_ index: Int) -> BatchValue {
    let border = gradientBorder(index)
    let view = self.view(nodes[index].shape, border)
    let key = GradientKey(shape: nodes[index].shape, border: border)
    // Reuses only memory of exactly the same form, whose border is still zero.
    let start = free[key]?.popLast() ?? memory.reserve(view.size)
    return BatchValue(memory: memory, start: start, view: view.view)
  }

  /// Releases the memory of a node's gradient, which nothing reads any more.
  func release(_ index: Int) {
    guard let valueGradient = valueGradients[index] else { return }
    let key = GradientKey(shape: nodes[index].shape, border: gradientBorder(index))
    free[key, default: []].append(valueGradient.start)
  }

  /// Returns the border of zeros around a convolution's output gradient, which the backward
  /// convolution and the tiles of the kernel's gradient read.
  private func gradientBorder(_ index: Int) -> Border {
    let node = nodes[index]
    guard case .convolution(let c) = node.operation else { return Border() }
    var border = Border()
    if differentiates(node), WinogradGradient.applies(to: c, output: node.shape) {
      border.bottom = node.shape[0] % 2
      border.right = node.shape[1] % 2
    }
    if needsGradient[node.inputs[0]] {
      let input = nodes[node.inputs[0]].shape
      let rows = GradientWindows(c, input[0], rows: true)
      let columns = GradientWindows(c, input[1], rows: false)
      border.top = rows.before
      border.bottom = max(border.bottom, rows.after)
      border.left = columns.before
      border.right = max(border.right, columns.after)
    }
    return border
  }

  private func view(_ shape: [Int], _ border: Border) -> (view: BufferView, size: Int) {
    let (height, width, channels) = BufferView.extents(of: shape)
    if shape.count == 1 {
      let lanes = blocks * laneCount
      return (
        BufferView(
          buffer: 0, offset: 0, blockStride: laneCount,
          image: dk_image(height: 1, width: 1, channels: channels, pitch: lanes, border: Border())),
        channels * lanes
      )
    }
    let image = dk_image(
      height: height, width: width, channels: channels, pitch: laneCount, border: border)
    let size = Int(image.row_pitch) * (height + border.top + border.bottom)
    return (
      BufferView(
        buffer: 0, offset: border.top * Int(image.row_pitch) + border.left * Int(image.pixel_pitch),
        blockStride: size, image: image), size * blocks
    )
  }
}
