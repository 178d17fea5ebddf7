internal import InferenceGraph
/// A mask and a pattern that all images of a batch share: x' = (1 - m) * x + m * p.
///
/// It is the trigger of Wang et al., "Neural Cleanse: Identifying and Mitigating Backdoor Attacks in
/// Neural Networks", S&P 2019, equation 2, and what is looked for there. The mask is the same for all
/// channels of a pixel.
public struct MaskedPattern: Sendable, Hashable {
  /// The shape of an image, `[height, width, channels]`.
  public let imageShape: [Int]
  /// m, `[height][width]`: 0 keeps the image, 1 puts the pattern in its place.
  public var mask: [Float]
  /// p, `[height][width][channels]`, in the images' units.
  public var pattern: [Float]

  /// Creates a trigger; mask and pattern must have as many elements as the image's pixels and
  /// elements.
  public init(imageShape: [Int], mask: [Float], pattern: [Float]) {
    let size = imageShape.reduce(1, *)
    precondition(
      pattern.count == size && mask.count * (imageShape.last ?? 1) == size,
      "a mask of \(mask.count) and a pattern of \(pattern.count) for images of \(imageShape)")
    self.imageShape = imageShape
    self.mask = mask
    self.pattern = pattern
  }

  /// Returns images, `[images][height][width][channels]`, with the pattern on them.
  public func applied(to images: [Float]) -> [Float] {
    let channels = imageShape.last ?? 1
    var result = images
    for index in images.indices {
      let element = index % pattern.count
      let m = mask[element / channels]
      result[index] = (1 - m) * images[index] + m * pattern[element]
    }
    return result
  }

  /// Returns the gradient of a loss with respect to mask and pattern.
  ///
  /// With g the gradient with respect to the images x', they are the sums over the images of
  /// g * (p - x), over the channels too, and of g * m.
  ///
  /// - Parameters:
  ///   - images: x, `[images][height][width][channels]`: the images without the pattern.
  ///   - gradient: g, ``Differentiator/inputGradient`` at ``applied(to:)``.
  public func gradients(
    at images: [Float], imageGradient gradient: [Float]
  ) -> (mask: [Float], pattern: [Float]) {
    precondition(
      images.count == gradient.count && images.count % pattern.count == 0,
      "\(gradient.count) derivatives for \(images.count) elements")
    let channels = imageShape.last ?? 1
    var masks = Array(repeating: 0.0, count: mask.count)
    var patterns = Array(repeating: 0.0, count: pattern.count)
    for index in images.indices {
      let element = index % pattern.count
      let slope = Double(gradient[index])
      masks[element / channels] += slope * Double(pattern[element] - images[index])
      patterns[element] += slope
    }
    return (
      masks.map { Float($0) },
      patterns.enumerated().map { Float($1 * Double(mask[$0 / channels])) }
    )
  }
}
