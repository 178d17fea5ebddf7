internal import CKernels
internal import Synchronization

/// Reads images and spreads them over lanes.
final class Loader: Sendable {
  let source: any SampleSource
  let imageBytes: Int
  private let turn = Mutex(())

  init(_ source: any SampleSource) {
    self.source = source
    imageBytes = source.imageShape.reduce(1, *) * source.elementType.size
  }

  /// Memory for images that must be read; none is needed where they lie in memory.
  func makeBuffer(images: Int) -> Storage<UInt8> {
    let isStored = unsafe source.withStoredBytes(of: 0..<0) { _ in } != nil
    return Storage(count: isStored ? 0 : images * imageBytes)
  }

  /// Calls `body` with images, reading them into `buffer` if need be, one thread at a time.
  func withImages(
    _ range: Range<Int>, _ buffer: Storage<UInt8>, _ body: (LoadedImages) throws -> Void
  ) throws {
    let stored: Void? = unsafe try source.withStoredBytes(of: range) {
      if let start = $0.baseAddress {
        unsafe try body(LoadedImages(start: start, range: range, loader: self))
      }
    }
    guard stored == nil else { return }
    try turn.withLock { _ in
      let bytes = unsafe UnsafeMutableRawBufferPointer(
        start: buffer.pointer, count: range.count * imageBytes)
      unsafe try source.read(range, into: bytes)
    }
    unsafe try body(
      LoadedImages(start: UnsafeRawPointer(buffer.pointer), range: range, loader: self))
  }
}

/// Images of a source as they lie in memory; valid inside the closure they are passed to.
///
/// It is `@unchecked Sendable` as the memory is only read.
@safe struct LoadedImages: @unchecked Sendable {
  let start: UnsafeRawPointer
  let range: Range<Int>
  let loader: Loader
  private var source: any SampleSource { loader.source }

  /// The images that were read, scaled, in `[height][width][channels]` order.
  func values(scale: Float) -> [Float] {
    let (height, width, channels) = Place.extents(of: source.imageShape)
    let size = height * width * channels
    func value(_ index: Int) -> Float {
      switch source.elementType {
      case .uint8: unsafe Float(start.load(fromByteOffset: index, as: UInt8.self))
      case .float32: unsafe start.load(fromByteOffset: 4 * index, as: Float.self)
      case .float64: unsafe Float(start.load(fromByteOffset: 8 * index, as: Double.self))
      }
    }
    var result: [Float] = []
    result.reserveCapacity(range.count * size)
    for image in 0..<range.count {
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

  /// Puts a block of the images that were read into lanes, scaled.
  ///
  /// - Throws: ``SampleError`` for the first image with a value that is not finite.
  func pack(
    block: Int, scale: Float, into pointer: UnsafeMutablePointer<Float>, _ image: dk_image
  ) throws(SampleError) {
    let first = block * laneCount
    let bad = unsafe source.pack(
      start + first * loader.imageBytes, count: min(laneCount, range.count - first), scale: scale,
      into: pointer, image)
    if let bad { throw SampleError(notFinite: range.lowerBound + first + bad) }
  }
}

extension SampleSource {
  /// Returns images as numbers, in `[height][width][channels]` order whatever the source's layout and type.
  ///
  /// - Throws: What the medium throws.
  public func values(of range: Range<Int>) throws -> [Float] {
    let loader = Loader(self)
    var result: [Float] = []
    try loader.withImages(range, loader.makeBuffer(images: range.count)) {
      result = $0.values(scale: 1)
    }
    return result
  }

  /// Puts images, as the source stores them, into lanes, scaled.
  ///
  /// - Returns: The first one with a value that is not finite, counted from 0.
  func pack(
    _ images: UnsafeRawPointer, count: Int, scale: Float,
    into pointer: UnsafeMutablePointer<Float>, _ image: dk_image
  ) -> Int? {
    let type: Int32 =
      switch elementType {
      case .uint8: 0
      case .float32: 1
      case .float64: 2
      }
    let bad = unsafe kernels.pack(
      images, type, layout == .nchw, Int32(count), scale, pointer, image)
    return bad < 0 ? nil : Int(bad)
  }
}

extension SampleError {
  /// An image that cannot be run.
  init(notFinite index: Int) {
    self.init(
      index: index, "it holds a value that is NaN, infinite or too large for 32-bit floats")
  }
}
