internal import InferenceGraph
internal import CKernels
internal import Foundation

/// Updates the weights by their gradient, step by step, and owns the optimizer's state.
///
/// Every weight is updated independently, and the norm is summed over fixed pieces in order, so
/// that results do not depend on the number of threads. A weight that is zero and always has a zero
/// gradient stays exactly zero; masked channels therefore stay masked.
final class WeightUpdate {
  private let parameters: Parameters
  private let optimizer: Optimizer
  private let weightDecay: Double
  private let clipping: Double?
  private let threads: Int
  /// The optimizer's moving averages, each with one value for each weight: none, the velocity, or
  /// Adam's two.
  let slots: [Storage<Float>]
  /// The number of steps taken.
  var steps = 0
  private let pieces: [Piece]

  /// A part of a trained tensor.
  private struct Piece {
    let start: Int
    /// A multiple of 16: the zeros after a tensor stay zero.
    let count: Int
    let decays: Bool
  }

  /// The number of weights in a piece.
  private static let pieceSize = 1 << 16
  /// The number of weights below which threads do not pay off.
  private static let parallelSize = 1 << 18

  init(
    _ parameters: Parameters, _ optimizer: Optimizer, weightDecay: Double = 0,
    clipping: Double? = nil, threads: Int = 1
  ) {
    self.parameters = parameters
    self.optimizer = optimizer
    self.weightDecay = weightDecay
    self.clipping = clipping
    self.threads = parameters.weights.count < Self.parallelSize ? 1 : threads
    slots = (0..<optimizer.slotCount).map { _ in Storage(count: parameters.weights.count) }
    pieces = parameters.segments.filter(\.isTrained).flatMap { segment in
      let end = (segment.range.upperBound + 15) / 16 * 16
      return stride(from: segment.range.lowerBound, to: end, by: Self.pieceSize).map {
        Piece(start: $0, count: min(Self.pieceSize, end - $0), decays: segment.decays)
      }
    }
  }

  /// Takes a step at a learning rate.
  ///
  /// - Returns: Whether all weights are finite, including those that are not trained.
  func step(rate: Double) -> Bool {
    steps += 1
    let scale = clippingFactor()
    let good = Storage<Bool>(count: pieces.count)
    let pieces = self.pieces
    switch optimizer {
    case .sgd(let momentum, let nesterov):
      let (weights, gradient, velocity) = (parameters.weights, parameters.gradient, slots.first)
      let decay = weightDecay
      runPieces(pieces.count, threads: threads) { index in
        let piece = pieces[index]
        unsafe good.pointer[index] = kernels.sgd(
          weights.pointer + piece.start, gradient.pointer + piece.start,
          velocity.map { unsafe $0.pointer + piece.start }, Int64(piece.count), scale,
          Float(rate), piece.decays ? Float(decay) : 0, Float(momentum), nesterov)
      }
    case .adam, .adamW:
      let (weights, gradient, mean, square) = (
        parameters.weights, parameters.gradient, slots[0], slots[1]
      )
      let (decaying, plain) = (
        adamStep(rate, decay: weightDecay, scale), adamStep(rate, decay: 0, scale)
      )
      runPieces(pieces.count, threads: threads) { index in
        let piece = pieces[index]
        unsafe good.pointer[index] = kernels.adam(
          weights.pointer + piece.start, gradient.pointer + piece.start,
          mean.pointer + piece.start, square.pointer + piece.start, Int64(piece.count),
          piece.decays ? decaying : plain)
      }
    }
    return pieces.indices.allSatisfy { unsafe good.pointer[$0] } && othersAreFinite()
  }

  /// The moving averages start at zero; dividing by 1 - beta^t corrects the bias (Kingma and Ba
  /// 2015, algorithm 1).
  private func adamStep(_ rate: Double, decay: Double, _ scale: Float) -> dk_adam_step {
    let (beta1, beta2, epsilon) = optimizer.adamConstants
    let isDecoupled = if case .adamW = optimizer { true } else { false }
    return dk_adam_step(
      scale: scale, decay: isDecoupled ? 0 : Float(decay),
      beta1: Float(beta1), rest1: Float(1 - beta1), beta2: Float(beta2), rest2: Float(1 - beta2),
      shrink: isDecoupled ? Float(1 - rate * decay) : 1,
      rate: Float(rate / (1 - pow(beta1, Double(steps)))),
      correction: Float(1 / (1 - pow(beta2, Double(steps))).squareRoot()), epsilon: Float(epsilon))
  }

  /// Returns the factor that limits the gradient's norm; at most 1.
  private func clippingFactor() -> Float {
    guard let clipping else { return 1 }
    let (pieces, gradient) = (self.pieces, parameters.gradient)
    let sums = Storage<Double>(count: pieces.count)
    runPieces(pieces.count, threads: threads) { index in
      unsafe sums.pointer[index] = kernels.square_sum(
        gradient.pointer + pieces[index].start, Int64(pieces[index].count))
    }
    let norm = pieces.indices.reduce(0) { unsafe $0 + sums.pointer[$1] }.squareRoot()
    return norm > clipping ? Float(clipping / norm) : 1
  }

  private func othersAreFinite() -> Bool {
    parameters.segments.allSatisfy { segment in
      if segment.isTrained { return true }
      return unsafe kernels.all_finite(
        parameters.weights.pointer + segment.range.lowerBound,
        Int64((segment.range.count + 15) / 16 * 16))
    }
  }
}

extension Optimizer {
  /// The number of values that the optimizer keeps for each weight.
  var slotCount: Int {
    switch self {
    case .sgd(let momentum, _): momentum == 0 ? 0 : 1
    case .adam, .adamW: 2
    }
  }

  fileprivate var adamConstants: (beta1: Double, beta2: Double, epsilon: Double) {
    switch self {
    case .adam(let beta1, let beta2, let epsilon), .adamW(let beta1, let beta2, let epsilon):
      (beta1, beta2, epsilon)
    case .sgd: preconditionFailure("not Adam")
    }
  }
}
