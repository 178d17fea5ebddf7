package import CKernels

/// Images in the lanes of a vector: a block.
package let laneCount = Int(DK_LANES)
/// The blocks that so many images fill, the last one perhaps in part.
package func blockCount(_ images: Int) -> Int { (images + laneCount - 1) / laneCount }
/// Pixels that a convolution computes together.
let pixelGroup = Int(DK_PIXELS)
/// Output channels of a convolution's widest tile.
let widestTile = Int(DK_CHANNELS)

/// Where a value lies in a workspace, and how its elements are arranged.
package struct Place {
  /// The workspace's buffer.
  package let buffer: Int
  /// Floats from the buffer's start to the first element of the first block.
  package let offset: Int
  /// Floats from one block to the next: 0 for what is computed block after block in one place.
  package let blockStride: Int
  /// Extents and pitches.
  package let image: dk_image

  /// A place whose elements lie one after another, lanes innermost, with a frame around them.
  ///
  /// - Parameters:
  ///   - start: Floats from the buffer's start to the frame.
  ///   - isLasting: Whether every block has a place of its own, one behind the other.
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

  /// The floats of a block with a frame around it.
  static func size(of shape: [Int], _ frame: Frame = Frame()) -> Int {
    let (height, width, channels) = extents(of: shape)
    return (height + frame.top + frame.bottom) * (width + frame.left + frame.right) * channels
      * laneCount
  }

  /// The extents of a shape: rank 1 is one pixel, higher ranks than 3 become more rows.
  package static func extents(of shape: [Int]) -> (height: Int, width: Int, channels: Int) {
    let channels = shape.last ?? 1
    let width = shape.count > 1 ? shape[shape.count - 2] : 1
    return (shape.dropLast(2).reduce(1, *), width, channels)
  }

  /// The number of pixels.
  package var pixelCount: Int { Int(image.height) * Int(image.width) }
  /// The number of elements.
  package var elementCount: Int { pixelCount * Int(image.channels) }

  /// The same memory seen in another shape of as many elements; only without a frame.
  func reshaped(_ shape: [Int]) -> Place {
    let (height, width, channels) = Place.extents(of: shape)
    return Place(
      buffer: buffer, offset: offset, blockStride: blockStride,
      image: dk_image(
        height: height, width: width, channels: channels,
        pitch: Int(image.channel_pitch), frame: Frame()))
  }

  /// The image with zeros that lie around it as a part of it.
  func widened(by zeros: Frame) -> Place {
    var image = image
    image.height += Int32(zeros.top + zeros.bottom)
    image.width += Int32(zeros.left + zeros.right)
    return Place(
      buffer: buffer,
      offset: offset - zeros.top * Int(image.row_pitch) - zeros.left * Int(image.pixel_pitch),
      blockStride: blockStride, image: image)
  }

  /// The image without its border: the inverse of ``widened(by:)``.
  func narrowed(by border: Frame) -> Place {
    widened(
      by: Frame(
        top: -border.top, bottom: -border.bottom, left: -border.left, right: -border.right))
  }

  /// Some of the channels.
  package func channels(_ range: Range<Int>) -> Place {
    var part = image
    part.channels = Int32(range.count)
    return Place(
      buffer: buffer, offset: offset + range.lowerBound * Int(image.channel_pitch),
      blockStride: blockStride, image: part)
  }
}

extension dk_image {
  /// Channels `pitch` floats apart, pixels and rows close together but for the frame.
  package init(height: Int, width: Int, channels: Int, pitch: Int, frame: Frame) {
    let pixel = channels * pitch
    self.init(
      height: Int32(height), width: Int32(width), channels: Int32(channels),
      row_pitch: Int64(pixel * (width + frame.left + frame.right)), pixel_pitch: Int64(pixel),
      channel_pitch: Int64(pitch))
  }
}
