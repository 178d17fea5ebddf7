package import CKernels
internal import Synchronization

/// Reads images and spreads them over lanes.
package final class Loader: Sendable {
  let source: any SampleSource
  package let imageBytes: Int
  private let turn = Mutex(())

  package init(_ source: any SampleSource) {
    self.source = source
    imageBytes = source.imageShape.reduce(1, *) * source.elementType.size
  }

  /// Memory for images that must be read; none is needed where they lie in memory.
  package func makeBuffer(images: Int) -> Storage<UInt8> {
    let isStored = unsafe source.withStoredBytes(of: 0..<0) { _ in } != nil
    return Storage(count: isStored ? 0 : images * imageBytes)
  }

  /// Calls `body` with images, reading them into `buffer` if need be, one thread at a time.
  package func withImages(
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
  package func pack(
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
  package init(notFinite index: Int) {
    self.init(
      index: index, "it holds a value that is NaN, infinite or too large for 32-bit floats")
  }
}
