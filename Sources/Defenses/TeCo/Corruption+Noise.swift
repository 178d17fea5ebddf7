internal import DefenseKit
private import Foundation

/// Returns exp(-x^2 / 2).
func bell(_ x: Double) -> Double { exp(-x * x / 2) }

extension Picture {
  /// Returns the picture with normal noise of a deviation on every value.
  func withNormalNoise(_ deviation: Double, _ random: inout SeededGenerator) -> Picture {
    let noise = random.normals(values.count)
    return with(
      zip(values, noise).map { Float(Double($0) + deviation * $1) }, channels: channels)
  }

  /// Returns the picture with each value x replaced by Poisson(`photons` * x) / `photons`.
  ///
  /// - Parameter photons: At most 700, so that exp(-photons) is a normal number.
  func withShotNoise(_ photons: Double, _ random: inout SeededGenerator) -> Picture {
    with(
      values.map { Float(Double(Self.poisson(photons * Double($0), &random)) / photons) },
      channels: channels)
  }

  /// Returns a Poisson number: how many uniform numbers can be multiplied before the product falls
  /// under exp(-mean) (Knuth, The Art of Computer Programming, vol. 2, 3.4.1).
  static func poisson(_ mean: Double, _ random: inout SeededGenerator) -> Int {
    let limit = exp(-mean)
    var (count, product) = (0, random.unit())
    while product > limit {
      product *= random.unit()
      count += 1
    }
    return count
  }

  /// Returns the picture with a share of the values replaced by 0 or 1, equally likely.
  func withImpulseNoise(_ share: Double, _ random: inout SeededGenerator) -> Picture {
    with(
      values.map { value in
        guard random.unit() < share else { return value }
        return random.next() & 1 == 0 ? 0 : 1
      }, channels: channels)
  }
}
