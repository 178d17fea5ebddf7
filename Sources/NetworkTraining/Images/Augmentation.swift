internal import InferenceGraph

/// Random changes of training images, drawn again for every image in every epoch.
public struct Augmentation: Sendable, Hashable {
  /// The largest shift in pixels in each direction; vacated pixels become zero. Equals zero padding
  /// followed by a random crop.
  public var shift: Int
  /// Whether to flip half of the images horizontally, before the shift.
  public var flip: Bool
  /// The largest share w of another image that each image x is mixed with, (1 - w) x + w y, after
  /// flip and shift; 0 to under 1. The share is uniform from 0. The other image y is one of the same
  /// 16 images in the batch, changed alike. The label stays that of x.
  public var overlay: Float

  /// Creates an augmentation; by default it changes nothing.
  public init(shift: Int = 0, flip: Bool = false, overlay: Float = 0) {
    self.shift = shift
    self.flip = flip
    self.overlay = overlay
  }
}

extension Augmentation: CustomStringConvertible {
  /// The changes as text, such as "shift 2, flip true"; without an overlay of 0.
  public var description: String {
    "shift \(shift), flip \(flip)" + (overlay == 0 ? "" : ", overlay \(overlay)")
  }
}
