internal import InferenceGraph

/// Random changes of training images, drawn again for every image in every epoch.
public struct Augmentation: Sendable, Hashable {
  /// The largest shift in pixels in each direction; vacated pixels become zero. Equals zero padding
  /// followed by a random crop.
  public var shift: Int
  /// Whether to flip half of the images horizontally, before the shift.
  public var flip: Bool

  /// Creates an augmentation; by default it changes nothing.
  public init(shift: Int = 0, flip: Bool = false) {
    self.shift = shift
    self.flip = flip
  }
}
