package import CKernels

/// The number of images in a block: the lanes of a vector.
package let laneCount = Int(DK_LANES)
/// Returns the number of blocks for `images` images; the last block may be partly filled.
package func blockCount(_ images: Int) -> Int { (images + laneCount - 1) / laneCount }
/// The number of pixels that a convolution kernel computes together.
let pixelGroup = Int(DK_PIXELS)
/// The largest number of output channels in a tile of a convolution.
let widestTile = Int(DK_CHANNELS)

/// A buffer view: the part of a buffer that holds a value, and the arrangement of its elements.
package struct Place {
  /// The index of the buffer in the workspace.
  package let buffer: Int
  /// Floats from the buffer's start to the first element of the first block.
  package let offset: Int
  /// Floats from one block to the next; 0 if all blocks use the same memory in turn.
  package let blockStride: Int
  /// Extents, and pitches in floats.
  package let image: dk_image

  /// Creates a view of adjacent elements, lanes innermost, with a border around them.
  ///
  /// - Parameters:
  ///   - start: Floats from the buffer's start to the border.
  ///   - isLasting: Whether every block has memory of its own, one block after another.
  package init(
    buffer: Int = 0, start: Int = 0, shape: [Int], frame: Frame = Frame(), isLasting: Bool = false
  ) {
    let (height, width, channels) = Place.extents(of: shape)
    let image = dk_image(
      height: height, width: width, channels: channels, pitch: laneCount, frame: frame)
    self.init(
      buffer: buffer,
      offset: start + frame.top * Int(image.row_pitch) + frame.left * Int(image.pixel_pitch),
      blockStride: isLasting ? Place.size(of: shape, frame) : 0, image: image)
  }

  package init(buffer: Int, offset: Int, blockStride: Int, image: dk_image) {
    self.buffer = buffer
    self.offset = offset
    self.blockStride = blockStride
    self.image = image
  }

  /// Returns the number of floats of a block with its border.
  static func size(of shape: [Int], _ frame: Frame = Frame()) -> Int {
    let (height, width, channels) = extents(of: shape)
    return (height + frame.top + frame.bottom) * (width + frame.left + frame.right) * channels
      * laneCount
  }

  /// Returns the extents of a shape: rank 1 is one pixel; axes beyond three become rows.
  package static func extents(of shape: [Int]) -> (height: Int, width: Int, channels: Int) {
    let channels = shape.last ?? 1
    let width = shape.count > 1 ? shape[shape.count - 2] : 1
    return (shape.dropLast(2).reduce(1, *), width, channels)
  }

  /// The number of pixels.
  package var pixelCount: Int { Int(image.height) * Int(image.width) }
  /// The number of elements.
  package var elementCount: Int { pixelCount * Int(image.channels) }

  /// Returns a view of the same memory in another shape of equal size. Requires no border.
  func reshaped(_ shape: [Int]) -> Place {
    let (height, width, channels) = Place.extents(of: shape)
    return Place(
      buffer: buffer, offset: offset, blockStride: blockStride,
      image: dk_image(
        height: height, width: width, channels: channels,
        pitch: Int(image.channel_pitch), frame: Frame()))
  }

  /// Returns the view extended by `zeros` around it.
  func widened(by zeros: Frame) -> Place {
    var image = image
    image.height += Int32(zeros.top + zeros.bottom)
    image.width += Int32(zeros.left + zeros.right)
    return Place(
      buffer: buffer,
      offset: offset - zeros.top * Int(image.row_pitch) - zeros.left * Int(image.pixel_pitch),
      blockStride: blockStride, image: image)
  }

  /// Returns the view without its border: the inverse of ``widened(by:)``.
  func narrowed(by border: Frame) -> Place {
    widened(
      by: Frame(
        top: -border.top, bottom: -border.bottom, left: -border.left, right: -border.right))
  }

  /// Returns the view of some of the channels.
  package func channels(_ range: Range<Int>) -> Place {
    var part = image
    part.channels = Int32(range.count)
    return Place(
      buffer: buffer, offset: offset + range.lowerBound * Int(image.channel_pitch),
      blockStride: blockStride, image: part)
  }
}

extension dk_image {
  /// Creates an image with channels `pitch` floats apart; only the border separates rows.
  package init(height: Int, width: Int, channels: Int, pitch: Int, frame: Frame) {
    let pixel = channels * pitch
    self.init(
      height: Int32(height), width: Int32(width), channels: Int32(channels),
      row_pitch: Int64(pixel * (width + frame.left + frame.right)), pixel_pitch: Int64(pixel),
      channel_pitch: Int64(pitch))
  }
}
