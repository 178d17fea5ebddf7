internal import InferenceGraph
internal import CKernels

extension TrainingBuilder {
  // MARK: Copies

  /// Adds a gradient to that of an input of the same shape, channel c times `scale[c]`.
  func passOn(_ from: BatchValue, to input: Int, scale: Storage<Float>? = nil) {
    guard needsGradient[input] else { return }
    let (target, accumulates) = valueGradient(input)
    let (image, targetImage) = (from.image, target.image)
    backwardBlocks { block, _ in
      unsafe kernels.scale(
        from.at(block), image, target.at(block), targetImage, scale?.pointer, accumulates)
    }
  }

  /// x * scale + offset with constants.
  func rescaling(_ index: Int) -> () -> Void {
    let node = nodes[index]
    let x = values[node.inputs[0]]!
    let affine = node.operation.facts.affine(channels: node.shape.last ?? 1)!
    let (scale, shift) = (Storage(affine.scale), Storage(affine.shift))
    let (y, rectifies) = makeResult(index)
    let (from, to) = (x.image, y.image)
    let kernel = (rectifies ? Activation.relu : .linear).kernel
    forwardBlocks { block, _ in
      unsafe kernels.map(x.at(block), from, y.at(block), to, scale.pointer, shift.pointer, kernel)
    }
    finishActivation(index, y, isRectified: rectifies)
    return { [self] in passOn(valueGradient(index).gradient, to: node.inputs[0], scale: scale) }
  }

  /// The same elements in another shape, in row-major order.
  func reshape(_ index: Int) -> () -> Void {
    let node = nodes[index]
    let x = values[node.inputs[0]]!
    let (y, _) = makeResult(index)
    copy(x, to: y, forward: true, add: false)
    finishActivation(index, y, isRectified: false)
    return { [self] in
      guard needsGradient[node.inputs[0]] else { return }
      let from = valueGradient(index).gradient
      let (target, accumulates) = valueGradient(node.inputs[0])
      copy(from, to: target, forward: false, add: accumulates)
    }
  }

  /// Copies elements in row-major order between values of different shapes.
  private func copy(_ from: BatchValue, to: BatchValue, forward: Bool, add: Bool) {
    let (a, b) = (from.image, to.image)
    let work: @Sendable (Int, Int) -> Void
    if let image = BatchValue.flattened(b, like: a) {
      work = { block, _ in unsafe kernels.scale(from.at(block), a, to.at(block), image, nil, add) }
    } else if let image = BatchValue.flattened(a, like: b) {
      work = { block, _ in unsafe kernels.scale(from.at(block), image, to.at(block), b, nil, add) }
    } else {
      // Both have borders and the shapes differ: copies through a matrix.
      let count = from.view.elementCount
      let (memory, start) = (self.memory, memory.reserve(blocks * count * laneCount))
      func matrix(_ image: dk_image) -> dk_image {
        dk_image(
          height: Int(image.height), width: Int(image.width), channels: Int(image.channels),
          pitch: laneCount, border: Border())
      }
      let (first, second) = (matrix(a), matrix(b))
      work = { block, _ in
        let at = unsafe memory.pointer + start + block * count * laneCount
        unsafe kernels.scale(from.at(block), a, at, first, nil, false)
        unsafe kernels.scale(at, second, to.at(block), b, nil, add)
      }
    }
    if forward { forwardBlocks(work) } else { backwardBlocks(work) }
  }

  /// Zeros around a copy. A value's border is never written and stays zero.
  func zeroPadding(_ index: Int, top: Int, left: Int) -> () -> Void {
    let node = nodes[index]
    let x = values[node.inputs[0]]!
    let (y, _) = makeResult(index)
    /// Returns the view of the input's elements in a padded image.
    func inner(_ image: dk_image) -> (start: Int, image: dk_image) {
      var part = image
      part.height = x.image.height
      part.width = x.image.width
      return (top * Int(image.row_pitch) + left * Int(image.pixel_pitch), part)
    }
    let from = x.image
    let (start, to) = inner(y.image)
    forwardBlocks { block, _ in unsafe kernels.copy(x.at(block), from, y.at(block) + start, to) }
    finishActivation(index, y, isRectified: false)
    return { [self] in
      guard needsGradient[node.inputs[0]] else { return }
      let valueGradient = self.valueGradient(index).gradient
      let (target, accumulates) = self.valueGradient(node.inputs[0])
      let (start, image) = inner(valueGradient.image)
      let targetImage = target.image
      backwardBlocks { block, _ in
        unsafe kernels.scale(
          valueGradient.at(block) + start, image, target.at(block), targetImage, nil, accumulates)
      }
    }
  }

  /// Elements copied from other positions.
  func rearrangement(_ index: Int, _ r: Rearrangement) -> () -> Void {
    let node = nodes[index]
    let x = values[node.inputs[0]]!
    let (y, _) = makeResult(index)
    let sources = r.sources(nodes[node.inputs[0]].shape, node.shape)
    let offsets = Storage(sources.map { x.image.offset(ofElement: $0) })
    let to = y.image
    forwardBlocks { block, _ in
      unsafe kernels.gather(x.at(block), offsets.pointer, y.at(block), to)
    }
    finishActivation(index, y, isRectified: false)
    return { [self] in
      guard let (valueGradient, target) = gradients(of: index, addingTo: node.inputs[0]) else {
        return
      }
      let offsets = Storage(sources.map { target.image.offset(ofElement: $0) })
      let image = valueGradient.image
      backwardBlocks { block, _ in
        unsafe kernels.scatter(valueGradient.at(block), image, offsets.pointer, target.at(block))
      }
    }
  }

  /// Bilinear interpolation.
  func resizing(_ index: Int) -> () -> Void {
    let node = nodes[index]
    let x = values[node.inputs[0]]!
    let (y, _) = makeResult(index)
    let (from, to) = (x.image, y.image)
    let (rows, columns) = BilinearResizing.tables(from, to)
    forwardBlocks { block, _ in
      unsafe kernels.resize(x.at(block), from, y.at(block), to, rows.pointer, columns.pointer)
    }
    finishActivation(index, y, isRectified: false)
    return { [self] in
      guard let (valueGradient, target) = gradients(of: index, addingTo: node.inputs[0]) else {
        return
      }
      let (image, targetImage) = (valueGradient.image, target.image)
      backwardBlocks { block, _ in
        unsafe kernels.resize_gradient(
          valueGradient.at(block), image, target.at(block), targetImage, rows.pointer,
          columns.pointer)
      }
    }
  }

  // MARK: Several inputs

  /// a + b, a * b, or the elementwise maximum or minimum; axes of extent 1 are broadcast.
  ///
  /// The gradient of an extremum goes to the first of two equal elements.
  func combination(_ index: Int) -> () -> Void {
    let node = nodes[index]
    let combination = node.operation.combination!
    let multiplies = combination == DK_MULTIPLY
    let isExtremum = combination == DK_MAXIMUM || combination == DK_MINIMUM
    let (a, b) = (values[node.inputs[0]]!, values[node.inputs[1]]!)
    let (y, rectifies) = makeResult(index)
    let (left, right, to) = (a.image, b.image, y.image)
    let kernel = (rectifies ? Activation.relu : .linear).kernel
    forwardBlocks { block, _ in
      unsafe kernels.combine(
        a.at(block), left, b.at(block), right, y.at(block), to, combination, kernel)
    }
    finishActivation(index, y, isRectified: rectifies)
    return { [self] in
      let valueGradient = self.valueGradient(index).gradient
      for (number, input) in node.inputs.enumerated() where needsGradient[input] {
        if isExtremum {
          let (mine, other) = number == 0 ? (a, b) : (b, a)
          let target = self.valueGradient(input, cleared: true).gradient
          let (image, targetImage) = (valueGradient.image, target.image)
          let (mineImage, otherImage) = (mine.image, other.image)
          let isFirst = number == 0
          backwardBlocks { block, _ in
            unsafe kernels.extremum_gradient(
              valueGradient.at(block), image, mine.at(block), mineImage, other.at(block),
              otherImage,
              target.at(block), targetImage, combination == DK_MAXIMUM, isFirst)
          }
          continue
        }
        if !multiplies, nodes[input].shape == node.shape {
          passOn(valueGradient, to: input)
          continue
        }
        let target = self.valueGradient(input, cleared: true).gradient
        let other = multiplies ? (number == 0 ? b : a) : nil
        let (image, otherImage) = (valueGradient.image, other?.image ?? valueGradient.image)
        let targetImage = target.image
        backwardBlocks { block, _ in
          unsafe kernels.combine_gradient(
            valueGradient.at(block), image, other?.at(block), otherImage, target.at(block),
            targetImage)
        }
      }
    }
  }

  /// The concatenation of the inputs' channels.
  func concatenation(_ index: Int) -> () -> Void {
    let node = nodes[index]
    let (y, _) = makeResult(index)
    var start = 0
    var ranges: [Range<Int>] = []
    for input in node.inputs {
      let x = values[input]!
      ranges.append(start..<start + Int(x.image.channels))
      start += Int(x.image.channels)
      let part = y.channels(ranges[ranges.count - 1])
      let (from, to) = (x.image, part.image)
      forwardBlocks { block, _ in unsafe kernels.copy(x.at(block), from, part.at(block), to) }
    }
    finishActivation(index, y, isRectified: false)
    return { [self] in
      let valueGradient = self.valueGradient(index).gradient
      for (input, range) in zip(node.inputs, ranges) {
        passOn(valueGradient.channels(range), to: input)
      }
    }
  }

  /// Zero, followed by the input.
  func binaryLogits(_ index: Int) -> () -> Void {
    let input = nodes[index].inputs[0]
    let x = values[input]!
    let (y, _) = makeResult(index)
    let (zero, part) = (y.channels(0..<1), y.channels(1..<2))
    let (from, to) = (x.image, part.image)
    forwardBlocks { block, _ in
      unsafe kernels.fill(zero.at(block), to, 0)
      unsafe kernels.copy(x.at(block), from, part.at(block), to)
    }
    finishActivation(index, y, isRectified: false)
    return { [self] in passOn(valueGradient(index).gradient.channels(1..<2), to: input) }
  }
}

extension BatchValue {
  /// Returns the elements of `image`, which has no border, with the extents of `other`; nil if they
  /// are not evenly spaced.
  fileprivate static func flattened(_ image: dk_image, like other: dk_image) -> dk_image? {
    let isEven =
      image.pixel_pitch == Int64(image.channels) * image.channel_pitch
      && image.row_pitch == Int64(image.width) * image.pixel_pitch
    guard isEven || (image.height == 1 && image.width == 1) else { return nil }
    return dk_image(
      height: Int(other.height), width: Int(other.width), channels: Int(other.channels),
      pitch: Int(image.channel_pitch), border: Border())
  }
}
