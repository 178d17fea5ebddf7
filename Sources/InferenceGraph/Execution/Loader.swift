internal import CKernels
internal import Synchronization

/// Reads images and spreads them over lanes.
final class Loader: Sendable {
  let source: any SampleSource
  private let imageBytes: Int
  private let turn = Mutex(())

  init(_ source: any SampleSource) {
    self.source = source
    imageBytes = source.imageShape.reduce(1, *) * source.elementType.size
  }

  /// The images that were read, scaled, in `[height][width][channels]` order.
  func values(_ buffer: Storage<UInt8>, count: Int, scale: Float) -> [Float] {
    let (height, width, channels) = Place.extents(of: source.imageShape)
    let size = height * width * channels
    let start = unsafe UnsafeRawPointer(buffer.pointer)
    func value(_ index: Int) -> Float {
      switch source.elementType {
      case .uint8: unsafe Float(start.load(fromByteOffset: index, as: UInt8.self))
      case .float32: unsafe start.load(fromByteOffset: 4 * index, as: Float.self)
      case .float64: unsafe Float(start.load(fromByteOffset: 8 * index, as: Double.self))
      }
    }
    var result: [Float] = []
    result.reserveCapacity(count * size)
    for image in 0..<count {
      for pixel in 0..<height * width {
        for c in 0..<channels {
          let element =
            source.layout == .nchw ? c * height * width + pixel : pixel * channels + c
          result.append(value(image * size + element) * scale)
        }
      }
    }
    return result
  }

  func makeBuffer(images: Int) -> Storage<UInt8> { Storage(count: images * imageBytes) }

  /// Reads images, one thread at a time.
  func read(_ range: Range<Int>, into buffer: Storage<UInt8>) throws {
    try turn.withLock { _ in
      let bytes = unsafe UnsafeMutableRawBufferPointer(
        start: buffer.pointer, count: range.count * imageBytes)
      unsafe try source.read(range, into: bytes)
    }
  }

  /// Puts a block of the images that were read into lanes, scaled.
  ///
  /// - Throws: ``SampleError`` for the first image with a value that is not finite.
  func pack(
    _ buffer: Storage<UInt8>, block: Int, of range: Range<Int>, scale: Float,
    into pointer: UnsafeMutablePointer<Float>, _ image: dk_image
  ) throws(SampleError) {
    let first = block * laneCount
    let type: Int32 =
      switch source.elementType {
      case .uint8: 0
      case .float32: 1
      case .float64: 2
      }
    let bad = unsafe dk_pack(
      buffer.pointer + first * imageBytes, type, source.layout == .nchw,
      Int32(min(laneCount, range.count - first)), scale, pointer, image)
    if bad >= 0 {
      throw SampleError(
        index: range.lowerBound + first + Int(bad),
        "it holds a value that is NaN, infinite or too large for 32-bit floats")
    }
  }
}
