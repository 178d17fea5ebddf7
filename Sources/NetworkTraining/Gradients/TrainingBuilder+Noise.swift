internal import InferenceGraph
internal import CKernels

extension TrainingBuilder {
  /// Dropout and other noise, determined in every step by its seed, the layer and the image's
  /// position in the batch.
  func noise(_ index: Int, _ layer: TrainingOnly) -> () -> Void {
    let node = nodes[index]
    let x = values[node.inputs[0]]!
    let (y, _) = makeResult(index)
    let (kind, rate): (dk_noise_kind, Float) =
      switch layer {
      case .dropout(let rate): (DK_DROPOUT, rate)
      case .spatialDropout(let rate): (DK_SPATIAL_DROPOUT, rate)
      case .gaussianDropout(let rate): (DK_GAUSSIAN_DROPOUT, rate)
      case .alphaDropout(let rate): (DK_ALPHA_DROPOUT, rate)
      case .gaussianNoise(let deviation): (DK_GAUSSIAN_NOISE, deviation)
      case .other: preconditionFailure("it is left out of a training graph")
      }
    let state = self.state
    let key: @Sendable (Int) -> UInt64 = { block in
      var number = state.seed &+ UInt64(index) &* SplitMix.step
      number = mixed(number) &+ UInt64(block)
      return mixed(number)
    }
    let (from, to) = (x.image, y.image)
    forwardBlocks { block, _ in
      unsafe kernels.noise(x.at(block), from, y.at(block), to, kind, rate, key(block), false, false)
    }
    finishActivation(index, y, isRectified: false)
    return { [self] in
      let input = node.inputs[0]
      guard needsGradient[input] else { return }
      let valueGradient = self.valueGradient(index).gradient
      let (target, accumulates) = self.valueGradient(input)
      let (image, targetImage) = (valueGradient.image, target.image)
      backwardBlocks { block, _ in
        unsafe kernels.noise(
          valueGradient.at(block), image, target.at(block), targetImage, kind, rate, key(block),
          true,
          accumulates)
      }
    }
  }
}
