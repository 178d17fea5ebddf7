public import InferenceGraph

/// Moves the weights of a ``Differentiator`` along the gradient of its last batch.
///
/// ```swift
/// let optimizer = WeightOptimizer(differentiator, .adam())
/// for batch in batches.epoch(0) {
///   try differentiator.differentiate(loss, at: batch)
///   guard optimizer.step(rate: 1e-3) else { break }
/// }
/// let trained = differentiator.currentModel
/// ```
///
/// Masked channels stay masked. The results do not depend on the number of threads.
public final class WeightOptimizer {
  private let update: WeightUpdate

  /// Creates an optimizer before its first step.
  ///
  /// - Parameters:
  ///   - differentiator: The differentiator, made with `differentiatesWeights`.
  ///   - optimizer: The rule that updates the weights.
  ///   - weightDecay: The decay factor of kernels; see ``TrainingOptions/weightDecay``.
  ///   - clipping: The largest L2 norm of the gradient; nil: no limit.
  /// - Throws: `GraphError` if the memory is not available.
  public init(
    _ differentiator: Differentiator, _ optimizer: Optimizer, weightDecay: Double = 0,
    clipping: Double? = nil
  ) throws(GraphError) {
    precondition(differentiator.differentiatesWeights, "made without differentiatesWeights")
    try differentiator.checkMemory(
      bytesPerWeight: optimizer.slotCount * MemoryLayout<Float>.size)
    update = WeightUpdate(
      differentiator.parameters, optimizer, weightDecay: weightDecay, clipping: clipping,
      threads: differentiator.options.threads)
  }

  /// Takes a step.
  ///
  /// - Parameter rate: The learning rate.
  /// - Returns: Whether all weights are finite.
  public func step(rate: Double) -> Bool { update.step(rate: rate) }
}
