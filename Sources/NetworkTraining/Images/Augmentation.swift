internal import InferenceGraph

/// Random changes of training images; each applies to an image anew in every epoch.
public struct Augmentation: Sendable, Hashable {
  /// Shifts by up to so many pixels each way; what comes in is zero. The same as padding with
  /// zeros and cropping at random.
  public var shift: Int
  /// Whether half of the images are mirrored, left for right, before they are shifted.
  public var flip: Bool

  /// Creates an augmentation; by default none.
  public init(shift: Int = 0, flip: Bool = false) {
    self.shift = shift
    self.flip = flip
  }
}
