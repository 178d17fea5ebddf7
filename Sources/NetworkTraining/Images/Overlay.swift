internal import CKernels
internal import InferenceGraph

/// The mixture of each image of a block with another one of the same block.
struct Overlay: Hashable {
  /// The other image's place in the block, for each place.
  private(set) var others = Array(0..<laneCount)
  /// The share of the other image.
  private(set) var shares = Array(repeating: Float(0), count: laneCount)

  /// Draws the mixtures of a block's images.
  ///
  /// - Parameters:
  ///   - indices: The indices of the block's images, two at least.
  ///   - largest: The largest share.
  ///   - seed: The seed of the training.
  ///   - epoch: The epoch.
  init(_ indices: ArraySlice<Int>, upTo largest: Float, seed: UInt64, epoch: Int) {
    for (lane, index) in indices.enumerated() {
      var random = KeyedGenerator(seed: seed, .overlay, epoch: epoch, index: index)
      shares[lane] = largest * Float(random.below(1 << 24)) / Float(1 << 24)
      others[lane] = (lane + 1 + random.below(indices.count - 1)) % indices.count
    }
  }

  /// Mixes packed images in place.
  func mix(_ pointer: UnsafeMutablePointer<Float>, _ image: dk_image) {
    var pixel = Array(repeating: Float(0), count: laneCount)
    for y in 0..<Int(image.height) {
      for x in 0..<Int(image.width) {
        for c in 0..<Int(image.channels) {
          let values =
            unsafe pointer + y * Int(image.row_pitch) + x * Int(image.pixel_pitch)
            + c * Int(image.channel_pitch)
          for lane in 0..<laneCount { unsafe pixel[lane] = values[lane] }
          for lane in 0..<laneCount {
            unsafe values[lane] += shares[lane] * (pixel[others[lane]] - pixel[lane])
          }
        }
      }
    }
  }
}
