internal import InferenceGraph
internal import CKernels

/// Gradients with equal keys can share memory one after another.
struct SlopeKey: Hashable {
  let shape: [Int]
  let frame: Frame
}

extension TrainingBuilder {
  /// Reserves memory for a node's value.
  func makeValue(_ index: Int) -> BatchValue {
    let place = self.place(nodes[index].shape, frames[index])
    return BatchValue(memory: memory, start: memory.reserve(place.size), place: place.place)
  }

  /// Returns the buffer of a node's gradient, reserving it if necessary, and whether to add to its
  /// contents instead of replacing them.
  ///
  /// - Parameter cleared: Whether a new buffer must be zero, because gradients will be added to it.
  func slope(_ index: Int, cleared: Bool = false) -> (slope: BatchValue, isThere: Bool) {
    if let slope = slopes[index] { return (slope, true) }
    let slope = makeSlope(index)
    slopes[index] = slope
    if cleared {
      let image = slope.image
      backwardBlocks { block, _ in unsafe kernels.fill(slope.at(block), image, 0) }
    }
    return (slope, cleared)
  }

  private func makeSlope(_ index: Int) -> BatchValue {
    let frame = slopeFrame(index)
    let place = self.place(nodes[index].shape, frame)
    let key = SlopeKey(shape: nodes[index].shape, frame: frame)
    // Reuses only memory of exactly the same form, whose border is still zero.
    let start = free[key]?.popLast() ?? memory.reserve(place.size)
    return BatchValue(memory: memory, start: start, place: place.place)
  }

  /// Releases the memory of a node's gradient, which nothing reads any more.
  func release(_ index: Int) {
    guard let slope = slopes[index] else { return }
    let key = SlopeKey(shape: nodes[index].shape, frame: slopeFrame(index))
    free[key, default: []].append(slope.start)
  }

  /// Returns the border of zeros around a convolution's output gradient, which the backward
  /// convolution and the tiles of the kernel's gradient read.
  private func slopeFrame(_ index: Int) -> Frame {
    let node = nodes[index]
    guard case .convolution(let c) = node.operation else { return Frame() }
    var frame = Frame()
    if differentiates(node), WinogradGradient.applies(to: c, output: node.shape) {
      frame.bottom = node.shape[0] % 2
      frame.right = node.shape[1] % 2
    }
    if needsSlope[node.inputs[0]] {
      let input = nodes[node.inputs[0]].shape
      let rows = SlopeWindows(c, input[0], rows: true)
      let columns = SlopeWindows(c, input[1], rows: false)
      frame.top = rows.before
      frame.bottom = max(frame.bottom, rows.after)
      frame.left = columns.before
      frame.right = max(frame.right, columns.after)
    }
    return frame
  }

  private func place(_ shape: [Int], _ frame: Frame) -> (place: Place, size: Int) {
    let (height, width, channels) = Place.extents(of: shape)
    if shape.count == 1 {
      let lanes = blocks * laneCount
      return (
        Place(
          buffer: 0, offset: 0, blockStride: laneCount,
          image: dk_image(height: 1, width: 1, channels: channels, pitch: lanes, frame: Frame())),
        channels * lanes
      )
    }
    let image = dk_image(
      height: height, width: width, channels: channels, pitch: laneCount, frame: frame)
    let size = Int(image.row_pitch) * (height + frame.top + frame.bottom)
    return (
      Place(
        buffer: 0, offset: frame.top * Int(image.row_pitch) + frame.left * Int(image.pixel_pitch),
        blockStride: size, image: image), size * blocks
    )
  }
}
