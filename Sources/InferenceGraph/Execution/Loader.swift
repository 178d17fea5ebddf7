package import CKernels
internal import Synchronization

/// Reads images and packs them into lanes.
package final class Loader: Sendable {
  let source: any SampleSource
  package let imageBytes: Int
  private let turn = Mutex(())

  package init(_ source: any SampleSource) {
    self.source = source
    imageBytes = source.imageShape.reduce(1, *) * source.elementType.size
  }

  /// Returns a buffer for images that must be read; empty if the source has them in memory.
  package func makeBuffer(images: Int) -> Storage<UInt8> {
    let isStored = unsafe source.withStoredBytes(of: 0..<0) { _ in } != nil
    return Storage(count: isStored ? 0 : images * imageBytes)
  }

  /// Calls `body` with the images; reads them into `buffer` if necessary, one thread at a time.
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
  /// Returns images as floats in `[height][width][channels]` order, for any layout and element
  /// type.
  ///
  /// - Throws: The errors of ``read(_:into:)``.
  public func values(of range: Range<Int>) throws -> [Float] {
    let loader = Loader(self)
    var result: [Float] = []
    try loader.withImages(range, loader.makeBuffer(images: range.count)) {
      result = $0.values(scale: 1)
    }
    return result
  }

  /// Packs images in the source's layout and element type into lanes, scaled.
  ///
  /// - Returns: The position of the first image with a value that is not finite; nil if there is
  ///   none.
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
  /// Creates the error for an image with a value that is not finite.
  package init(notFinite index: Int) {
    self.init(
      index: index, "it holds a value that is NaN, infinite or too large for 32-bit floats")
  }
}
