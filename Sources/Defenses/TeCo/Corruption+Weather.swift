internal import DefenseKit

/// The settings of snow.
struct Snow: Sendable {
  /// Mean and deviation of the noise that flakes are made of.
  let mean: Double, deviation: Double
  /// The magnification of the noise.
  let zoom: Double
  /// The noise under which there is no flake.
  let threshold: Double
  /// The blur along the direction of the fall.
  let radius: Int, sigma: Double
  /// The weight of the image; the rest is a whitened one.
  let weight: Double

  /// By severity, from 1.
  static let severities = [
    Snow(mean: 0.1, deviation: 0.2, zoom: 1, threshold: 0.6, radius: 8, sigma: 3, weight: 0.95),
    Snow(mean: 0.1, deviation: 0.2, zoom: 1, threshold: 0.5, radius: 10, sigma: 4, weight: 0.9),
    Snow(
      mean: 0.15, deviation: 0.3, zoom: 1.75, threshold: 0.55, radius: 10, sigma: 4, weight: 0.9),
    Snow(
      mean: 0.25, deviation: 0.3, zoom: 2.25, threshold: 0.6, radius: 12, sigma: 6, weight: 0.85),
    Snow(
      mean: 0.3, deviation: 0.3, zoom: 1.25, threshold: 0.65, radius: 14, sigma: 12, weight: 0.8),
  ]
}

extension Picture {
  /// Returns the whitened picture with two layers of flakes, one of them turned by 180 degrees.
  func withSnow(_ snow: Snow, _ random: inout SeededGenerator) -> Picture {
    let noise = random.normals(pixels).map { Float(snow.mean + snow.deviation * $0) }
    let flakes = with(noise).magnified(snow.zoom)
      .mapped { $0 < Float(snow.threshold) ? 0 : min(max($0, 0), 1) }
      .motionBlurred((snow.radius, snow.sigma), degrees: -135 + 90 * random.unit())
    let (greys, weight) = (greys, Float(snow.weight))
    return with(
      values.indices.map { index in
        let pixel = index / channels
        let white = max(values[index], greys[pixel] * 1.5 + 0.5)
        return weight * values[index] + (1 - weight) * white
          + flakes.values[pixel] + flakes.values[pixels - 1 - pixel]
      }, channels: channels)
  }

  /// Returns a weighted sum of the picture and ice, (1 - |2 * plasma - 1|)^2.
  func withFrost(
    _ weights: (picture: Float, ice: Float), _ random: inout SeededGenerator
  ) -> Picture {
    let plasma = plasma(decay: 2, &random)
    return with(
      values.indices.map { index in
        let ridge = 1 - abs(2 * plasma[index / channels] - 1)
        return weights.picture * values[index] + weights.ice * ridge * ridge
      }, channels: channels)
  }

  /// Returns (x + density * plasma) * m / (m + density), where m is the largest value of x.
  func inFog(
    _ setting: (density: Float, decay: Double), _ random: inout SeededGenerator
  ) -> Picture {
    let plasma = plasma(decay: setting.decay, &random)
    let most = values.max() ?? 0
    let factor = most / (most + setting.density)
    return with(
      values.indices.map { (values[$0] + setting.density * plasma[$0 / channels]) * factor },
      channels: channels)
  }

  /// Returns a random cloud for each pixel, from the upper left of a square that spans 0 to 1.
  ///
  /// Diamond-square on a torus whose side is the least power of two that holds the picture: each new
  /// point is the mean of four plus a uniform number, whose range shrinks by `decay` squared from
  /// one resolution to the next.
  func plasma(decay: Double, _ random: inout SeededGenerator) -> [Float] {
    var side = 2
    while side < max(height, width) { side *= 2 }
    var map = Array(repeating: 0.0, count: side * side)
    func index(_ row: Int, _ column: Int) -> Int {
      ((row + side) % side) * side + (column + side) % side
    }
    var (step, amplitude) = (side, 1.0)
    func mean(_ points: (Int, Int)...) -> Double {
      points.reduce(0) { $0 + map[index($1.0, $1.1)] } / 4
        + amplitude * (2 * random.unit() - 1)
    }
    while step >= 2 {
      let half = step / 2
      let corners = Array(stride(from: 0, to: side, by: step))
      for y in corners {
        for x in corners {
          map[index(y + half, x + half)] = mean(
            (y, x), (y + step, x), (y, x + step), (y + step, x + step))
        }
      }
      for y in corners {
        for x in corners {
          map[index(y, x + half)] = mean(
            (y, x), (y, x + step), (y + half, x + half), (y - half, x + half))
          map[index(y + half, x)] = mean(
            (y, x), (y + step, x), (y + half, x + half), (y + half, x - half))
        }
      }
      step = half
      amplitude /= decay * decay
    }
    let (low, high) = (map.min() ?? 0, map.max() ?? 1)
    return (0..<pixels).map { Float((map[index($0 / width, $0 % width)] - low) / (high - low)) }
  }
}
