internal import InferenceGraph
internal import CKernels

extension TrainingBuilder {
  /// Reserves memory for a node's value. Returns where the operation stores its result, and whether
  /// the operation should apply the rectifier itself.
  func makeResult(_ index: Int) -> (result: BatchValue, rectifies: Bool) {
    let value = makeValue(index)
    values[index] = value
    switch nodes[index].activation {
    case .linear, .softmax, .logSoftmax: return (value, false)
    case .relu(cap: nil, slope: 0, threshold: 0): return (value, true)
    default:
      let before = makeValue(index)
      preActivations[index] = before
      return (before, false)
    }
  }

  /// Appends the activation unless the operation has applied it.
  func finishActivation(_ index: Int, _ result: BatchValue, isRectified: Bool) {
    let value = values[index]!
    let activation = nodes[index].activation
    if activation == .linear || isRectified { return }
    if !activation.isElementwise {
      unsafe forEachPixel(value, forward: true) { at, image, _ in
        unsafe kernels.softmax(
          at, at, Int64(image.channels), image.channel_pitch, image.channel_pitch,
          activation == .logSoftmax)
      }
      return
    }
    let kernel = activation.kernel
    let (from, to) = (result.image, value.image)
    forwardBlocks { block, _ in
      unsafe kernels.map(result.at(block), from, value.at(block), to, nil, nil, kernel)
    }
  }

  /// Turns the gradient after a node's activation into the gradient before it.
  func undoActivation(_ index: Int) {
    let activation = nodes[index].activation
    if activation == .linear || isRectified[index] { return }
    let value = values[index]!
    let valueGradient = self.valueGradient(index).gradient
    if !activation.isElementwise {
      let (from, to) = (value.image, valueGradient.image)
      unsafe forEachPixel(valueGradient, forward: false) { at, image, pixel in
        let offset =
          pixel.y * Int(from.row_pitch) + pixel.x * Int(from.pixel_pitch)
        unsafe kernels.softmax_gradient(
          value.at(pixel.block) + offset, from.channel_pitch, at, to.channel_pitch,
          Int64(to.channels), activation == .logSoftmax)
      }
      return
    }
    let before = activation == .relu ? value : preActivations[index]!
    let (from, to, kernel) = (before.image, valueGradient.image, activation.kernel)
    backwardBlocks { block, _ in
      unsafe kernels.map_gradient(before.at(block), from, valueGradient.at(block), to, kernel)
    }
  }

  private struct Pixel {
    let block: Int
    let y: Int
    let x: Int
  }

  private func forEachPixel(
    _ value: BatchValue, forward: Bool,
    _ body: @escaping @Sendable (UnsafeMutablePointer<Float>, dk_image, Pixel) -> Void
  ) {
    let image = value.image
    let work: @Sendable (Int, Int) -> Void = { block, _ in
      for y in 0..<Int(image.height) {
        for x in 0..<Int(image.width) {
          let offset = y * Int(image.row_pitch) + x * Int(image.pixel_pitch)
          unsafe body(value.at(block) + offset, image, Pixel(block: block, y: y, x: x))
        }
      }
    }
    if forward { forwardBlocks(work) } else { backwardBlocks(work) }
  }

  /// A node that consists of its activation.
  func activation(_ index: Int) -> () -> Void {
    let input = nodes[index].inputs[0]
    let x = values[input]!
    let y = makeValue(index)
    values[index] = y
    preActivations[index] = x
    let activation = nodes[index].activation
    let (from, to) = (x.image, y.image)
    if activation.isElementwise {
      let kernel = activation.kernel
      forwardBlocks { block, _ in
        unsafe kernels.map(x.at(block), from, y.at(block), to, nil, nil, kernel)
      }
    } else {
      forwardBlocks { block, _ in unsafe kernels.copy(x.at(block), from, y.at(block), to) }
      finishActivation(index, y, isRectified: false)
    }
    return { [self] in passOn(valueGradient(index).gradient, to: input) }
  }
}
