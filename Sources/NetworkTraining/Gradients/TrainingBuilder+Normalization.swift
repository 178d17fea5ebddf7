internal import InferenceGraph
internal import CKernels

/// The share of the moving statistics that a step keeps; the rest comes from its batch.
private let statisticsMomentum = 0.9

extension TrainingBuilder {
  /// y = gamma * (x - mean) / sqrt(variance + epsilon) + beta (Ioffe and Szegedy 2015).
  ///
  /// In training, mean and (biased) variance are those of the batch, over its images and pixels,
  /// and update the moving ones. Otherwise they are the moving ones, which do not change.
  func normalization(_ index: Int, _ b: BatchNormalization) -> () -> Void {
    let node = nodes[index]
    let x = values[node.inputs[0]]!
    let (y, rectifies) = makeResult(index)
    let work = Normalization(self, node, epsilon: Double(b.epsilon), pixels: x.view.pixelCount)
    let (from, to, state) = (x.image, y.image, state)
    if usesBatchStatistics {
      forwardBlocks { block, _ in
        unsafe kernels.moments(x.at(block), from, state.lanes(block), work.totals(block))
      }
      forwardPieces(1) { _ in work.gatherMoments() }
    } else {
      forwardPieces(1) { _ in work.takeMovingStatistics() }
    }
    let kernel = (rectifies ? Activation.relu : .linear).kernel
    forwardBlocks { block, _ in
      unsafe kernels.map(
        x.at(block), from, y.at(block), to, work.scale.pointer, work.shift.pointer, kernel)
    }
    finishActivation(index, y, isRectified: rectifies)
    return { [self] in
      let valueGradient = self.valueGradient(index).gradient
      let image = valueGradient.image
      if usesBatchStatistics || differentiates(node) {
        backwardBlocks { block, _ in
          unsafe kernels.normalize_totals(
            x.at(block), from, valueGradient.at(block), image, work.mean.pointer, work.totals(block)
          )
        }
        backwardPieces(1) { _ in work.gatherGradients() }
      }
      guard needsGradient[node.inputs[0]] else { return }
      let (target, accumulates) = self.valueGradient(node.inputs[0])
      let targetImage = target.image
      backwardBlocks { block, _ in
        unsafe kernels.normalize_gradient(
          x.at(block), from, valueGradient.at(block), image, target.at(block), targetImage,
          work.mean.pointer, work.scale.pointer, work.offset.pointer, work.factor.pointer,
          state.lanes(block), accumulates)
      }
    }
  }
}

/// The values that a normalization's phases share, by channel.
private final class Normalization: Sendable {
  let state: BatchState
  let parameters: Parameters
  let usesBatchStatistics: Bool
  let differentiatesWeights: Bool
  let epsilon: Double
  let pixels: Int
  let channels: Int
  /// By block: two sums for each channel.
  private let sums: Storage<Double>
  let mean: Storage<Float>
  /// 1 / sqrt(variance + epsilon).
  private let inverse: Storage<Double>
  /// y = x * scale + shift.
  let scale: Storage<Float>
  let shift: Storage<Float>
  /// The gradient of x is scale * (valueGradient - offset - (x - mean) * factor).
  let offset: Storage<Float>
  let factor: Storage<Float>
  private let gamma: Int?
  private let beta: Int?
  private let movingMean: Int
  private let movingVariance: Int

  init(_ builder: TrainingBuilder, _ node: TrainingNode, epsilon: Double, pixels: Int) {
    state = builder.state
    parameters = builder.parameters
    usesBatchStatistics = builder.usesBatchStatistics
    differentiatesWeights = builder.differentiates(node)
    self.epsilon = epsilon
    self.pixels = pixels
    channels = node.shape.last ?? 1
    sums = Storage(count: 2 * channels * builder.blocks)
    mean = Storage(count: channels)
    inverse = Storage(count: channels)
    scale = Storage(count: channels)
    shift = Storage(count: channels)
    offset = Storage(count: channels)
    factor = Storage(count: channels)
    gamma = node.weights[.gamma]?.range.lowerBound
    beta = node.weights[.beta]?.range.lowerBound
    movingMean = node.weights[.movingMean]!.range.lowerBound
    movingVariance = node.weights[.movingVariance]!.range.lowerBound
  }

  func totals(_ block: Int) -> UnsafeMutablePointer<Double> {
    unsafe sums.pointer + block * 2 * channels
  }

  private func weight(_ start: Int?, _ channel: Int, _ standard: Double) -> Double {
    start.map { unsafe Double(parameters.weights.pointer[$0 + channel]) } ?? standard
  }

  private func set(_ channel: Int, mean center: Double, variance: Double) {
    let deviation = 1 / (variance + epsilon).squareRoot()
    let factor = weight(gamma, channel, 1) * deviation
    unsafe inverse.pointer[channel] = deviation
    unsafe mean.pointer[channel] = Float(center)
    unsafe scale.pointer[channel] = Float(factor)
    unsafe shift.pointer[channel] = Float(weight(beta, channel, 0) - center * factor)
  }

  func takeMovingStatistics() {
    for c in 0..<channels {
      set(c, mean: weight(movingMean, c, 0), variance: weight(movingVariance, c, 1))
    }
  }

  /// Combines the blocks' means and squared deviations (Chan, Golub and LeVeque 1979), in order.
  func gatherMoments() {
    for c in 0..<channels {
      var (count, center, squares) = (0.0, 0.0, 0.0)
      for block in 0..<state.blocks {
        let more = Double(Int(state.lanes(block)) * pixels)
        let (other, rest) = unsafe (totals(block)[2 * c], totals(block)[2 * c + 1])
        let distance = other - center
        let all = count + more
        center += distance * more / all
        squares += rest + distance * distance * count * more / all
        count = all
      }
      let variance = Swift.max(0, squares / count)
      // If all values are equal, as in a masked channel, the result is zero: with an epsilon of
      // zero it would otherwise be 0 / 0.
      set(c, mean: center, variance: variance + epsilon > 0 ? variance : .infinity)
      guard state.updatesStatistics else { continue }
      for (start, value) in [(movingMean, center), (movingVariance, variance)] {
        let moved =
          statisticsMomentum * weight(start, c, 0) + (1 - statisticsMomentum) * value
        unsafe parameters.weights.pointer[start + c] = Float(moved)
      }
    }
  }

  /// Sums over the blocks: the gradients of gamma and beta, and the correction of x's gradient for
  /// the statistics' dependence on x.
  func gatherGradients() {
    let count = Double(state.images * pixels)
    for c in 0..<channels {
      var (sum, product) = (0.0, 0.0)
      for block in 0..<state.blocks {
        unsafe sum += totals(block)[2 * c]
        unsafe product += totals(block)[2 * c + 1]
      }
      let deviation = unsafe inverse.pointer[c]
      if differentiatesWeights {
        if let beta { unsafe parameters.gradient.pointer[beta + c] = Float(sum) }
        if let gamma { unsafe parameters.gradient.pointer[gamma + c] = Float(product * deviation) }
      }
      if usesBatchStatistics {
        unsafe offset.pointer[c] = Float(sum / count)
        unsafe factor.pointer[c] = Float(product * deviation * deviation / count)
      }
    }
  }
}
