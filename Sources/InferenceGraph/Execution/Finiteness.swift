internal import CKernels

/// The prediction for an undefined image: -1, which is never a label.
///
/// Readers reject weights and images that are not finite, but finite ones can overflow on the way.
/// An image is **undefined** (has no class) for a model if
///
/// - a score (an output, before a final softmax) is NaN or infinite, or
/// - a layer with weights (dense, or a convolution of any kind) on the way to the scores reads a
///   value that is NaN or infinite, even if the scores are finite: an infinity times negative
///   weights, followed by a rectifier, gives ordinary zeros.
///
/// A sum that overflows and goes straight into a saturating activation (ReLU of minus infinity, the
/// sigmoid of an infinity) takes the function's limit, as in Keras. It does not make the image
/// undefined, because nothing reads the infinity. NaN passes through all activations and poolings.
///
/// An undefined image is wrong on clean data and not a success on poisoned data; results count it
/// as `nonfinite`. All predictions follow this rule: those of ``Executor``, alone or with shared
/// layers, and those of ``ChannelSweep`` after each step.
public let noClass: Int32 = -1

extension GroupMemory {
  /// Writes the predicted class of each lane of a block to `result`; ``noClass`` if a check or a
  /// score is not finite.
  func classify(
    _ scores: Int, block: Int, checks: [Int], into result: UnsafeMutablePointer<Int32>
  ) {
    let value = value(of: scores, block: block)
    unsafe kernels.argmax(
      value.pointer, Int64(value.elementCount), value.image.channel_pitch, result)
    let lanes = brokenLanes(checks, block: block)
    guard lanes != 0 else { return }
    for lane in 0..<laneCount where lanes & (1 << UInt32(lane)) != 0 {
      unsafe result[lane] = noClass
    }
  }
}
