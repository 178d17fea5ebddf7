internal import CKernels

/// The label of an image that is ``Prediction/undefined``; never a class.
package let noClass: Int32 = -1

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
