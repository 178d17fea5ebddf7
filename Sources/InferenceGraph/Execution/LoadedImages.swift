package import CKernels

/// Images of a source in memory; valid only inside the closure that receives them.
///
/// `@unchecked Sendable` because the memory is only read.
@safe package struct LoadedImages: @unchecked Sendable {
  package let start: UnsafeRawPointer
  package let range: Range<Int>
  let loader: Loader
  private var source: any SampleSource { loader.source }

  /// Returns the images, scaled, in `[height][width][channels]` order.
  func values(scale: Float) -> [Float] {
    let (height, width, channels) = BufferView.extents(of: source.imageShape)
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

  /// Packs a block of the images into lanes, scaled.
  ///
  /// - Throws: ``SampleError`` for the first image with a value that is not finite.
  package func pack(
    block: Int, scale: Float, into pointer: UnsafeMutablePointer<Float>, _ image: dk_image
  ) throws(SampleError) {
    let first = block * laneCount
    let bad = unsafe source.pack(
      start + first * loader.imageBytes, count: min(laneCount, range.count - first), scale: scale,
      into: pointer, image)
    if let bad { throw SampleError(notFinite: range.lowerBound + first + bad) }
  }
}
