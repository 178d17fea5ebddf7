internal import InferenceGraph

/// The change of an image: optionally flipped horizontally, then shifted down and to the right.
struct ImageChange: Hashable {
  var down = 0
  var right = 0
  var isMirrored = false

  init() {}

  /// Draws the change of an image in an epoch from the image's own generator.
  init(_ augmentation: Augmentation, seed: UInt64, epoch: Int, index: Int) {
    guard augmentation.shift > 0 || augmentation.flip else { return }
    var random = KeyedGenerator(seed: seed, .augmentation, epoch: epoch, index: index)
    if augmentation.shift > 0 {
      down = random.below(2 * augmentation.shift + 1) - augmentation.shift
      right = random.below(2 * augmentation.shift + 1) - augmentation.shift
    }
    if augmentation.flip { isMirrored = random.below(2) == 1 }
  }
}
