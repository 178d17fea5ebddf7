internal import InferenceGraph
/// A mask and a pattern that all images of a batch share: x' = (1 - m) * x + m * p.
///
/// This is the trigger that Wang et al. define and optimize in "Neural Cleanse: Identifying and
/// Mitigating Backdoor Attacks in Neural Networks", S&P 2019, equation 2. All channels of a pixel
/// have the same mask.
public struct MaskedPattern: Sendable, Hashable {
  /// The shape of an image, `[height, width, channels]`.
  public let imageShape: [Int]
  /// m, `[height][width]`: 0 keeps the image, 1 replaces it by the pattern.
  public var mask: [Float]
  /// p, `[height][width][channels]`, in the images' units.
  public var pattern: [Float]

  /// Creates a trigger. Traps unless the mask has an element for each pixel of the image and the
  /// pattern one for each element.
  public init(imageShape: [Int], mask: [Float], pattern: [Float]) {
    let size = imageShape.reduce(1, *)
    precondition(
      pattern.count == size && mask.count * (imageShape.last ?? 1) == size,
      "a mask of \(mask.count) and a pattern of \(pattern.count) for images of \(imageShape)")
    self.imageShape = imageShape
    self.mask = mask
    self.pattern = pattern
  }

  /// Returns images, `[images][height][width][channels]`, with the pattern applied.
  public func applied(to images: [Float]) -> [Float] {
    let channels = imageShape.last ?? 1
    let (mask, pattern) = (mask, pattern)
    precondition(
      images.count % pattern.count == 0, "\(images.count) elements for images of \(imageShape)")
    var result = images
    for start in stride(from: 0, to: images.count, by: pattern.count) {
      for (pixel, m) in mask.enumerated() {
        for element in pixel * channels..<(pixel + 1) * channels {
          result[start + element] = (1 - m) * images[start + element] + m * pattern[element]
        }
      }
    }
    return result
  }

  /// Returns the gradient of a loss with respect to mask and pattern.
  ///
  /// With g the gradient with respect to the images x', the gradients are the sums over the images
  /// of g * (p - x), also over the channels, and of g * m.
  ///
  /// - Parameters:
  ///   - images: x, `[images][height][width][channels]`: the images without the pattern.
  ///   - gradient: g, ``Backpropagation/inputGradient`` at ``applied(to:)``.
  public func gradients(
    at images: [Float], imageGradient gradient: [Float]
  ) -> (mask: [Float], pattern: [Float]) {
    precondition(
      images.count == gradient.count && images.count % pattern.count == 0,
      "\(gradient.count) derivatives for \(images.count) elements")
    let channels = imageShape.last ?? 1
    let (mask, pattern) = (mask, pattern)
    var masks = Array(repeating: 0.0, count: mask.count)
    var patterns = Array(repeating: 0.0, count: pattern.count)
    for start in stride(from: 0, to: images.count, by: pattern.count) {
      for pixel in mask.indices {
        for element in pixel * channels..<(pixel + 1) * channels {
          let derivative = Double(gradient[start + element])
          masks[pixel] += derivative * Double(pattern[element] - images[start + element])
          patterns[element] += derivative
        }
      }
    }
    return (
      masks.map { Float($0) },
      patterns.enumerated().map { Float($1 * Double(mask[$0 / channels])) }
    )
  }
}
