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
    // The buffer is the caller's, aligned for floats and as large as the images of the range.
    let blends = unsafe buffer.bindMemory(to: Float.self)
    unsafe images.withUnsafeBufferPointer { images in
      unsafe overlays.withUnsafeBufferPointer { overlays in
        for (place, blend) in range.enumerated() {
          let (image, overlay) = (imageIndices[blend] * size, overlayIndices[blend] * size)
          for element in 0..<size {
            unsafe blends[place * size + element] =
              alpha * images[image + element] + beta * overlays[overlay + element]
          }
        }
      }
    }
  }
}
