internal import InferenceGraph
internal import CKernels

extension TrainingBuilder {
  /// The products of two stacks of matrices: with C = A B and G the gradient of C, that of A is
  /// G Bᵀ and that of B is Aᵀ G.
  func matrixProduct(_ index: Int) -> () -> Void {
    let node = nodes[index]
    let (a, b) = (values[node.inputs[0]]!, values[node.inputs[1]]!)
    let (y, _) = makeResult(index)
    let (left, right, to) = (a.image.matrices, b.image.matrices, y.image.matrices)
    forwardBlocks { block, _ in
      unsafe kernels.multiply_matrices(
        a.at(block), left, b.at(block), right, y.at(block), to, false)
    }
    finishActivation(index, y, isRectified: false)
    return { [self] in
      let valueGradient = self.valueGradient(index).gradient
      let from = valueGradient.image.matrices
      if needsGradient[node.inputs[0]] {
        let (target, accumulates) = self.valueGradient(node.inputs[0])
        let image = target.image.matrices
        backwardBlocks { block, _ in
          unsafe kernels.multiply_matrices(
            valueGradient.at(block), from, b.at(block), right.transposed, target.at(block), image,
            accumulates)
        }
      }
      if needsGradient[node.inputs[1]] {
        let (target, accumulates) = self.valueGradient(node.inputs[1])
        let image = target.image.matrices
        backwardBlocks { block, _ in
          unsafe kernels.multiply_matrices(
            a.at(block), left.transposed, valueGradient.at(block), from, target.at(block), image,
            accumulates)
        }
      }
    }
  }

  /// The same elements for every image; its input gets no gradient.
  func constant(_ index: Int, _ c: ConstantValue) -> () -> Void {
    let input = nodes[index].inputs[0]
    let (y, _) = makeResult(index)
    let values = Storage(c.tensor.values)
    let to = y.image
    forwardBlocks { block, _ in unsafe kernels.broadcast(values.pointer, y.at(block), to) }
    finishActivation(index, y, isRectified: false)
    return { [self] in
      // Where nothing else reads the input, its gradient is zero.
      if needsGradient[input] { _ = valueGradient(input, cleared: true) }
    }
  }

  /// A rectifier with a factor for each channel.
  func parametricReLU(_ index: Int) -> () -> Void {
    let node = nodes[index]
    let input = node.inputs[0]
    let x = values[input]!
    let (y, _) = makeResult(index)
    let (from, to) = (x.image, y.image)
    let alpha = node.weights[.alpha]!
    let (weights, start) = (parameters.weights, alpha.range.lowerBound)
    forwardBlocks { block, _ in
      unsafe kernels.parametric_relu(
        x.at(block), from, y.at(block), to, weights.pointer + start)
    }
    finishActivation(index, y, isRectified: false)
    return { [self] in
      let valueGradient = self.valueGradient(index).gradient
      let image = valueGradient.image
      func slots() -> @Sendable (_ slot: Int) -> UnsafeMutablePointer<Float>? {
        guard differentiates(node) else { return { _ in nil } }
        return unsafe slotGradient(alpha)
      }
      let alphaGradient = unsafe slots()
      guard needsGradient[input] else {
        backwardBlocks { block, slot in
          unsafe kernels.parametric_relu_gradient(
            x.at(block), from, valueGradient.at(block), image, nil, image, weights.pointer + start,
            false, alphaGradient(slot))
        }
        return
      }
      let (target, accumulates) = self.valueGradient(input)
      let targetImage = target.image
      backwardBlocks { block, slot in
        unsafe kernels.parametric_relu_gradient(
          x.at(block), from, valueGradient.at(block), image, target.at(block), targetImage,
          weights.pointer + start, accumulates, alphaGradient(slot))
      }
    }
  }

  /// Average pooling to a fixed size.
  func adaptivePooling(_ index: Int) -> () -> Void {
    let input = nodes[index].inputs[0]
    let x = values[input]!
    let (y, _) = makeResult(index)
    let (from, to) = (x.image, y.image)
    let (rows, columns) = AdaptivePooling.tables(from, to)
    forwardBlocks { block, _ in
      unsafe kernels.pool_ranges(x.at(block), from, y.at(block), to, rows.pointer, columns.pointer)
    }
    finishActivation(index, y, isRectified: false)
    return { [self] in
      guard let (valueGradient, target) = gradients(of: index, addingTo: input) else {
        return
      }
      let (image, targetImage) = (valueGradient.image, target.image)
      backwardBlocks { block, _ in
        unsafe kernels.pool_ranges_gradient(
          valueGradient.at(block), image, target.at(block), targetImage, rows.pointer,
          columns.pointer)
      }
    }
  }

  /// Local response normalization.
  func responseNormalization(_ index: Int, _ n: ResponseNormalization) -> () -> Void {
    let input = nodes[index].inputs[0]
    let x = values[input]!
    let (y, _) = makeResult(index)
    let (from, to, response) = (x.image, y.image, n.kernel)
    forwardBlocks { block, _ in
      unsafe kernels.response_normalize(x.at(block), from, y.at(block), to, response)
    }
    finishActivation(index, y, isRectified: false)
    return { [self] in
      guard let (valueGradient, target) = gradients(of: index, addingTo: input) else {
        return
      }
      let (image, targetImage) = (valueGradient.image, target.image)
      backwardBlocks { block, _ in
        unsafe kernels.response_normalize_gradient(
          x.at(block), from, valueGradient.at(block), image, target.at(block), targetImage, response
        )
      }
    }
  }
}
