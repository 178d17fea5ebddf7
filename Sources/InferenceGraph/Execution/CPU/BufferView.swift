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
package struct BufferView {
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
    buffer: Int = 0, start: Int = 0, shape: [Int], border: Border = Border(),
    isLasting: Bool = false
  ) {
    let (height, width, channels) = BufferView.extents(of: shape)
    let image = dk_image(
      height: height, width: width, channels: channels, pitch: laneCount, border: border)
    self.init(
      buffer: buffer,
      offset: start + border.top * Int(image.row_pitch) + border.left * Int(image.pixel_pitch),
      blockStride: isLasting ? BufferView.size(of: shape, border) : 0, image: image)
  }

  package init(buffer: Int, offset: Int, blockStride: Int, image: dk_image) {
    self.buffer = buffer
    self.offset = offset
    self.blockStride = blockStride
    self.image = image
  }

  /// Returns the number of floats of a block with its border.
  static func size(of shape: [Int], _ border: Border = Border()) -> Int {
    let (height, width, channels) = extents(of: shape)
    return (height + border.top + border.bottom) * (width + border.left + border.right) * channels
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

  /// Returns the view `count` floats further on.
  func moved(by count: Int) -> BufferView {
    BufferView(buffer: buffer, offset: offset + count, blockStride: blockStride, image: image)
  }

  /// Returns a view of the same memory in another shape of equal size. Requires no border.
  func reshaped(_ shape: [Int]) -> BufferView {
    let (height, width, channels) = BufferView.extents(of: shape)
    return BufferView(
      buffer: buffer, offset: offset, blockStride: blockStride,
      image: dk_image(
        height: height, width: width, channels: channels,
        pitch: Int(image.channel_pitch), border: Border()))
  }

  /// Returns the view extended by `zeros` around it.
  func widened(by zeros: Border) -> BufferView {
    var image = image
    image.height += Int32(zeros.top + zeros.bottom)
    image.width += Int32(zeros.left + zeros.right)
    return BufferView(
      buffer: buffer,
      offset: offset - zeros.top * Int(image.row_pitch) - zeros.left * Int(image.pixel_pitch),
      blockStride: blockStride, image: image)
  }

  /// Returns the view without its border: the inverse of ``widened(by:)``.
  func narrowed(by border: Border) -> BufferView {
    widened(
      by: Border(
        top: -border.top, bottom: -border.bottom, left: -border.left, right: -border.right))
  }

  /// Returns the view of a rectangle of pixels.
  func part(y: Int, x: Int, height: Int, width: Int) -> BufferView {
    var part = image
    part.height = Int32(height)
    part.width = Int32(width)
    return BufferView(
      buffer: buffer,
      offset: offset + y * Int(image.row_pitch) + x * Int(image.pixel_pitch),
      blockStride: blockStride, image: part)
  }

  /// Returns the view of some of the channels.
  package func channels(_ range: Range<Int>) -> BufferView {
    var part = image
    part.channels = Int32(range.count)
    return BufferView(
      buffer: buffer, offset: offset + range.lowerBound * Int(image.channel_pitch),
      blockStride: blockStride, image: part)
  }
}

extension dk_image {
  /// Creates an image with channels `pitch` floats apart; only the border separates rows.
  package init(height: Int, width: Int, channels: Int, pitch: Int, border: Border) {
    let pixel = channels * pitch
    self.init(
      height: Int32(height), width: Int32(width), channels: Int32(channels),
      row_pitch: Int64(pixel * (width + border.left + border.right)), pixel_pitch: Int64(pixel),
      channel_pitch: Int64(pitch))
  }
}
