public import DefenseKit

/// A way to corrupt images, with five severities.
///
/// Definitions and severities are those of the published code for images of 32 x 32 pixels, also
/// for other sizes (``elastic`` scales with the image). Values are real numbers from 0 to 1, clipped
/// after the corruption and not rounded to 8 bits, but for ``jpegQuantization``. For images of other
/// than 3 channels, brightness is the largest channel and grey the mean of all.
///
/// Source: Hendrycks and Dietterich, ICLR 2019, appendix B, and their program for CIFAR-10-C.
public enum Corruption: String, Sendable, CaseIterable, OptionValue {
  /// Normal noise.
  case gaussianNoise = "gaussian-noise"
  /// Poisson noise: each value becomes a number of photons.
  case shotNoise = "shot-noise"
  /// A share of the values becomes 0 or 1.
  case impulseNoise = "impulse-noise"
  /// A disk, smoothed.
  case defocusBlur = "defocus-blur"
  /// Neighbouring pixels exchanged at random, between two Gaussian blurs.
  case glassBlur = "glass-blur"
  /// One-sided Gaussian weights along a line up to 45 degrees from horizontal.
  case motionBlur = "motion-blur"
  /// The mean of the image and its magnifications, sampled about the centre at real coordinates.
  case zoomBlur = "zoom-blur"
  /// Flakes of thresholded noise, blurred along a steep line, on a whitened image.
  case snow
  /// Ice: not the published photographs, but ridges of a plasma fractal.
  case proceduralFrost = "procedural-frost"
  /// A plasma fractal (diamond-square) added to the image.
  case fog
  /// The value in HSV raised.
  case brightness
  /// Differences from the channel's mean scaled down.
  case contrast
  /// A random affine map, then random smooth displacements.
  case elastic
  /// Boxes averaged to fewer pixels and enlarged again.
  case pixelate
  /// The loss of JPEG without its file: 8 x 8 cosine transforms, rounded to multiples of the
  /// standard's tables, colours at half the resolution by box averages.
  case jpegQuantization = "jpeg-quantization"

  /// The severities.
  public static let severities = 1...5
}

extension Corruption {
  /// Returns a corrupted picture, of values from 0 to 1.
  ///
  /// - Parameters:
  ///   - picture: The original, of values from 0 to 1.
  ///   - severity: 1 to 5.
  ///   - seed: With the stream, determines random numbers.
  ///   - stream: Different for different images.
  func applied(to picture: Picture, severity: Int, seed: UInt64, stream: UInt64) -> Picture {
    precondition(Self.severities.contains(severity), "severity \(severity)")
    let number = Self.allCases.firstIndex(of: self)! * 5 + severity
    var random = SeededGenerator(
      seed: seed, stream: stream ^ (UInt64(number) &* 0x9E37_79B9_7F4A_7C15))
    let level = severity - 1
    let result =
      switch self {
      case .gaussianNoise:
        picture.withNormalNoise([0.04, 0.06, 0.08, 0.09, 0.10][level], &random)
      case .shotNoise: picture.withShotNoise([500, 250, 100, 75, 50][level], &random)
      case .impulseNoise:
        picture.withImpulseNoise([0.01, 0.02, 0.03, 0.05, 0.07][level], &random)
      case .defocusBlur:
        picture.defocused([(0.3, 0.4), (0.4, 0.5), (0.5, 0.6), (1, 0.2), (1.5, 0.1)][level])
      case .glassBlur:
        picture.behindGlass(
          [(0.05, 1, 1), (0.25, 1, 1), (0.4, 1, 1), (0.25, 1, 2), (0.4, 1, 2)][level], &random)
      case .motionBlur:
        picture.motionBlurred(
          [(6, 1), (6, 1.5), (6, 2), (8, 2), (9, 2.5)][level],
          degrees: 90 * random.unit() - 45)
      case .zoomBlur: picture.zoomBlurred(steps: [5, 10, 15, 20, 25][level])
      case .snow: picture.withSnow(Snow.severities[level], &random)
      case .proceduralFrost:
        picture.withFrost(
          [(1, 0.2), (1, 0.3), (0.9, 0.4), (0.85, 0.4), (0.75, 0.45)][level], &random)
      case .fog:
        picture.inFog([(0.2, 3), (0.5, 3), (0.75, 2.5), (1, 2), (1.5, 1.75)][level], &random)
      case .brightness: picture.brightened(by: [0.05, 0.1, 0.15, 0.2, 0.3][level])
      case .contrast: picture.withContrast([0.75, 0.5, 0.4, 0.3, 0.15][level])
      case .elastic:
        picture.warped(
          [
            (0, 0, 0.08), (0.05, 0.2, 0.07), (0.08, 0.06, 0.06), (0.1, 0.04, 0.05),
            (0.1, 0.03, 0.03),
          ][level], &random)
      case .pixelate: picture.pixelated([0.95, 0.9, 0.85, 0.75, 0.65][level])
      case .jpegQuantization: picture.quantized(quality: [80, 65, 58, 50, 40][level])
      }
    return result.mapped { min(max($0, 0), 1) }
  }
}
