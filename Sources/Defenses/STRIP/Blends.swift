internal import DefenseKit

/// Images blended with overlays, alpha * x + beta * x_i, made as they are read: nothing is kept of them.
struct Blends: SampleSource {
  /// The shape of an image, `[height, width, channels]`.
  let imageShape: [Int]
  /// The images, `[images][height][width][channels]`.
  let images: [Float]
  /// The overlays, `[overlays][height][width][channels]`.
  let overlays: [Float]
  /// Which image every blend has.
  let imageIndices: [Int]
  /// Which overlay.
  let overlayIndices: [Int]
  /// The factor for an image.
  let alpha: Float
  /// The factor for an overlay.
  let beta: Float

  /// The number of blends.
  var count: Int { imageIndices.count }
  /// Channels last.
  var layout: Layout { .nhwc }
  /// Always float32.
  var elementType: ElementType { .float32 }

  func read(_ range: Range<Int>, into buffer: UnsafeMutableRawBufferPointer) {
    let size = imageShape.reduce(1, *)
    let (alpha, beta) = (alpha, beta)
    // The buffer is the caller's, aligned for floats and as large as the images of the range; every part
    // that is taken of it and of the arrays is one image.
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

  /// One of several images.
  private func part(
    _ images: UnsafeBufferPointer<Float>, _ index: Int, _ size: Int
  ) -> UnsafeBufferPointer<Float> {
    unsafe UnsafeBufferPointer(rebasing: images[index * size..<(index + 1) * size])
  }
}
