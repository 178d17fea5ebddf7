private import Foundation

/// The spatial attention of a layer: for each image and pixel, the sum over channels of |F|^p,
/// divided by its L2 norm over the pixels (Li et al. 2021, equation 1).
struct AttentionMaps {
  /// Added to the norm, as in the authors' program.
  static let epsilon = 1e-6

  /// The normalized maps, `[images][pixels]`.
  let values: [Double]
  private let norms: [Double]
  private let power: Double

  /// The number of images.
  var images: Int { norms.count }

  /// Computes the maps.
  ///
  /// - Parameters:
  ///   - features: `[images][pixels][channels]`.
  ///   - shape: `[height, width, channels]`.
  ///   - power: The exponent p.
  init(_ features: [Float], shape: [Int], power: Double) {
    let (pixels, channels) = (shape[0] * shape[1], shape[2])
    var values = [Double](repeating: 0, count: features.count / channels)
    for place in values.indices {
      var sum = 0.0
      for channel in 0..<channels {
        sum += Self.power(Double(abs(features[place * channels + channel])), power)
      }
      values[place] = sum
    }
    var norms: [Double] = []
    for first in stride(from: 0, to: values.count, by: pixels) {
      let places = first..<first + pixels
      let norm = places.reduce(0) { $0 + values[$1] * values[$1] }.squareRoot()
      for place in places { values[place] /= norm + Self.epsilon }
      norms.append(norm)
    }
    self.values = values
    self.norms = norms
    self.power = power
  }

  /// Returns the mean over images and pixels of the squared distance to a teacher's maps, and its
  /// derivatives with respect to the features that these maps were made from (equation 2).
  ///
  /// - Parameters:
  ///   - teacher: As many maps, `[images][pixels]`.
  ///   - features: The features that these maps were made from.
  ///   - weight: The factor of the loss, beta.
  func loss(
    from teacher: [Double], features: [Float], weight: Double
  ) -> (value: Double, gradient: [Float]) {
    let (pixels, channels) = (values.count / images, features.count / values.count)
    let scale = weight / Double(values.count)
    var (sum, gradient) = (0.0, [Float](repeating: 0, count: features.count))
    for (image, norm) in norms.enumerated() {
      let places = image * pixels..<(image + 1) * pixels
      // With map M = A / (|A| + eps): dL/dA = (g - (g . M) A / |A|) / (|A| + eps), g = dL/dM.
      var product = 0.0
      for place in places {
        let difference = values[place] - teacher[place]
        sum += difference * difference
        product += 2 * scale * difference * values[place]
      }
      let divisor = norm + Self.epsilon
      for place in places {
        let unit = norm > 0 ? values[place] * divisor / norm : 0
        let derivative = (2 * scale * (values[place] - teacher[place]) - product * unit) / divisor
        for index in place * channels..<(place + 1) * channels {
          let feature = Double(features[index])
          let local = power * Self.power(abs(feature), power - 1)
          gradient[index] = Float(derivative * (feature < 0 ? -local : local))
        }
      }
    }
    return (sum * scale, gradient)
  }

  private static func power(_ base: Double, _ exponent: Double) -> Double {
    exponent == 1 ? base : exponent == 2 ? base * base : pow(base, exponent)
  }
}
