internal import InferenceGraph
internal import CKernels

extension TrainingBuilder {
  /// Layer or group normalization: an image's own mean and variance, in training as at inference.
  ///
  /// With z = (x - mean) / sqrt(variance + epsilon) and g the output gradient times gamma, the
  /// gradient of x is (g - mean(g) - z * mean(g * z)) / sqrt(variance + epsilon), with means over
  /// the elements that share a mean.
  func layerNormalization(_ index: Int, _ n: LayerNormalization) -> () -> Void {
    let node = nodes[index]
    let x = values[node.inputs[0]]!
    let (y, _) = makeResult(index)
    let (from, to, state) = (x.image, y.image, state)
    let (groups, epsilon) = (n.groupCount, Double(n.epsilon))
    let (gamma, beta) = (node.weights[.gamma], node.weights[.beta])
    let weights = parameters.weights
    func pointer(_ segment: Parameters.Segment?) -> @Sendable () -> UnsafePointer<Float>? {
      guard let start = segment?.range.lowerBound else { return { nil } }
      return { unsafe UnsafePointer(weights.pointer + start) }
    }
    let (scale, offset) = unsafe (pointer(gamma), pointer(beta))
    forwardBlocks { block, _ in
      unsafe kernels.layer_normalize(
        x.at(block), from, y.at(block), to, groups, scale(), offset(), epsilon)
    }
    finishActivation(index, y, isRectified: false)
    return { [self] in
      let valueGradient = self.valueGradient(index).gradient
      let image = valueGradient.image
      func gradient(
        _ segment: Parameters.Segment?
      ) -> @Sendable (_ slot: Int) -> UnsafeMutablePointer<Float>? {
        guard differentiates(node), let segment else { return { _ in nil } }
        return unsafe slotGradient(segment)
      }
      let (gammaGradient, betaGradient) = unsafe (gradient(gamma), gradient(beta))
      guard needsGradient[node.inputs[0]] else {
        backwardBlocks { block, slot in
          unsafe kernels.layer_normalize_gradient(
            x.at(block), from, valueGradient.at(block), image, nil, image, groups, scale(), epsilon,
            state.lanes(block), false, gammaGradient(slot), betaGradient(slot))
        }
        return
      }
      let (target, accumulates) = self.valueGradient(node.inputs[0])
      let targetImage = target.image
      backwardBlocks { block, slot in
        unsafe kernels.layer_normalize_gradient(
          x.at(block), from, valueGradient.at(block), image, target.at(block), targetImage, groups,
          scale(), epsilon, state.lanes(block), accumulates, gammaGradient(slot), betaGradient(slot)
        )
      }
    }
  }
}
