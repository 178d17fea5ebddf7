internal import CKernels

/// Images in the lanes of a vector: a block.
let laneCount = Int(DK_LANES)
/// The blocks that so many images fill, the last one perhaps in part.
func blockCount(_ images: Int) -> Int { (images + laneCount - 1) / laneCount }
/// Pixels that a convolution computes together.
let pixelGroup = Int(DK_PIXELS)
/// Output channels of a convolution's widest tile.
let widestTile = Int(DK_CHANNELS)

/// Where a value lies in a workspace, and how its elements are arranged.
struct Place {
  /// The workspace's buffer.
  let buffer: Int
  /// Floats from the buffer's start to the first element of the first block.
  let offset: Int
  /// Floats from one block to the next: 0 for what is computed block after block in one place.
  let blockStride: Int
  /// Extents and pitches.
  let image: dk_image

  /// The extents of a shape: rank 1 is one pixel, higher ranks than 3 become more rows.
  static func extents(of shape: [Int]) -> (height: Int, width: Int, channels: Int) {
    let channels = shape.last ?? 1
    let width = shape.count > 1 ? shape[shape.count - 2] : 1
    return (shape.dropLast(2).reduce(1, *), width, channels)
  }

  /// The number of pixels.
  var pixelCount: Int { Int(image.height) * Int(image.width) }
  /// The number of elements.
  var elementCount: Int { pixelCount * Int(image.channels) }

  /// The same memory seen in another shape of as many elements; only without a frame.
  func reshaped(_ shape: [Int]) -> Place {
    let (height, width, channels) = Place.extents(of: shape)
    return Place(
      buffer: buffer, offset: offset, blockStride: blockStride,
      image: dk_image(
        height: height, width: width, channels: channels,
        pitch: Int(image.channel_pitch), frame: Frame()))
  }

  /// Some of the channels.
  func channels(_ range: Range<Int>) -> Place {
    var part = image
    part.channels = Int32(range.count)
    return Place(
      buffer: buffer, offset: offset + range.lowerBound * Int(image.channel_pitch),
      blockStride: blockStride, image: part)
  }
}

/// Zeros around an image, in pixels: what "same" padding reads.
struct Frame: Hashable {
  var top = 0
  var bottom = 0
  var left = 0
  var right = 0

  mutating func widen(rows: WindowAxis, columns: WindowAxis) {
    top = max(top, rows.before)
    bottom = max(bottom, rows.after)
    left = max(left, columns.before)
    right = max(right, columns.after)
  }
}

extension dk_image {
  /// Channels `pitch` floats apart, pixels and rows close together but for the frame.
  init(height: Int, width: Int, channels: Int, pitch: Int, frame: Frame) {
    let pixel = channels * pitch
    self.init(
      height: Int32(height), width: Int32(width), channels: Int32(channels),
      row_pitch: Int64(pixel * (width + frame.left + frame.right)), pixel_pitch: Int64(pixel),
      channel_pitch: Int64(pitch))
  }
}

/// The buffers of one thread.
final class Workspace {
  private let buffers: [Storage<Float>]
  /// What the checks found: lanes as bits, `[slot][block]`.
  private var found: [UInt32]
  private let blocks: Int

  /// The start of a buffer.
  func pointer(buffer: Int) -> UnsafeMutablePointer<Float> { unsafe buffers[buffer].pointer }

  init(sizes: [Int], checks: Int, blocks: Int) {
    buffers = sizes.map { Storage<Float>(count: $0) }
    found = Array(repeating: 0, count: checks * blocks)
    self.blocks = blocks
  }

  /// Keeps what a check found in a block.
  func note(_ lanes: UInt32, slot: Int, block: Int) { found[slot * blocks + block] = lanes }

  /// What a check found in a block.
  func notes(slot: Int, block: Int) -> UInt32 { found[slot * blocks + block] }

  /// The first element of a place in a block.
  func pointer(_ place: Place, block: Int) -> UnsafeMutablePointer<Float> {
    unsafe buffers[place.buffer].pointer + place.offset + block * place.blockStride
  }
}
