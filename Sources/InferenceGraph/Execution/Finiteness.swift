internal import CKernels

/// The prediction for an image that a model gives no class: -1, which no label ever is.
///
/// Weights and images that are not finite are refused when they are read, but finite ones can
/// overflow on the way. An image has **no class** from a model if
///
/// - a score (an output, before a final softmax) is NaN or infinite, or
/// - a layer with weights (dense, or a convolution of any kind) on the way to the scores reads a
///   value that is NaN or infinite, even if the scores are finite: an infinity times negative
///   weights and a rectifier give zeros, which look like any others.
///
/// A sum that overflows and goes straight into a saturating activation (ReLU of minus infinity, the
/// sigmoid of an infinity) gives the function's limit, as in Keras, and is not counted: nothing
/// reads the infinity. NaN goes through all activations and poolings.
///
/// An image without a class counts as wrong on clean data and as no hit on poisoned data, and is
/// counted as `nonfinite`. All predictions follow this rule: those of ``Executor``, alone or with
/// shared layers, and those of ``ChannelSweep`` after each step.
public let noClass: Int32 = -1

extension GroupMemory {
  /// The classes that a block's scores give its images, ``noClass`` where a check or a score says
  /// so; `result` takes one a lane.
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
