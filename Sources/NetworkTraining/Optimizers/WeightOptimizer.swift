public import InferenceGraph

/// Moves the weights of a ``Backpropagation`` along the gradient of its last batch.
///
/// ```swift
/// let optimizer = WeightOptimizer(backpropagation, .adam())
/// for batch in batches.epoch(0) {
///   try backpropagation.differentiate(loss, at: batch)
///   guard optimizer.step(rate: 1e-3) else { break }
/// }
/// let trained = backpropagation.currentModel
/// ```
///
/// Masked channels stay masked. The results do not depend on the number of threads.
public final class WeightOptimizer {
  private let update: WeightUpdate

  /// Creates an optimizer before its first step.
  ///
  /// - Parameters:
  ///   - backpropagation: The backpropagation, made with `differentiatesWeights`.
  ///   - optimizer: The rule that updates the weights.
  ///   - weightDecay: The decay factor of kernels; see ``TrainingOptions/weightDecay``.
  ///   - clipping: The largest L2 norm of the gradient; nil: no limit.
  /// - Throws: `MemoryError` if the memory is not available.
  public init(
    _ backpropagation: Backpropagation, _ optimizer: Optimizer, weightDecay: Double = 0,
    clipping: Double? = nil
  ) throws(MemoryError) {
    precondition(backpropagation.differentiatesWeights, "made without differentiatesWeights")
    try backpropagation.checkMemory(
      bytesPerWeight: optimizer.slotCount * MemoryLayout<Float>.size)
    update = WeightUpdate(
      backpropagation.parameters, optimizer, weightDecay: weightDecay, clipping: clipping,
      threads: backpropagation.options.threads)
  }

  /// Takes a step.
  ///
  /// - Parameter rate: The learning rate.
  /// - Returns: Whether all weights are finite.
  public func step(rate: Double) -> Bool { update.step(rate: rate) }
}
