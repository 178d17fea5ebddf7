internal import DefenseKit

/// Images blended with overlays, alpha * x + beta * x_i, computed as they are read and not stored.
struct Blends: SampleSource {
  /// The shape of an image, `[height, width, channels]`.
  let imageShape: [Int]
  /// The images, `[images][height][width][channels]`.
  let images: [Float]
  /// The overlays, `[overlays][height][width][channels]`.
  let overlays: [Float]
  /// The index into `images` for each blend.
  let imageIndices: [Int]
  /// The index into `overlays` for each blend.
  let overlayIndices: [Int]
  /// The factor for the image.
  let alpha: Float
  /// The factor for the overlay.
  let beta: Float

  var count: Int { imageIndices.count }
  /// The layout of a blend: channels last.
  var layout: ImageLayout { .nhwc }
  /// The element type of a blend: always float32.
  var elementType: ElementType { .float32 }

  func read(_ range: Range<Int>, into buffer: UnsafeMutableRawBufferPointer) {
    let size = imageShape.reduce(1, *)
    let (alpha, beta) = (alpha, beta)
    // The caller's buffer is aligned for floats and as large as the images of the range. Every
    // slice of it and of the arrays is one image.
    let blends = unsafe buffer.bindMemory(to: Float.self)
    unsafe images.withUnsafeBufferPointer { images in
      unsafe overlays.withUnsafeBufferPointer { overlays in
        for (place, blend) in range.enumerated() {
          let image = unsafe part(images, imageIndices[blend], size)
          let overlay = unsafe part(overlays, overlayIndices[blend], size)
          let result = unsafe UnsafeMutableBufferPointer(
            rebasing: blends[place * size..<(place + 1) * size])
          for element in 0..<size {
            unsafe result[element] = alpha * image[element] + beta * overlay[element]
          }
        }
      }
    }
  }

  /// Returns the values of one image.
  private func part(
    _ images: UnsafeBufferPointer<Float>, _ index: Int, _ size: Int
  ) -> UnsafeBufferPointer<Float> {
    unsafe UnsafeBufferPointer(rebasing: images[index * size..<(index + 1) * size])
  }
}
