internal import DefenseKit
private import Foundation

extension Picture {
  /// Returns the picture filtered by a disk, itself filtered by a Gaussian of 3 x 3 pixels.
  func defocused(_ setting: (radius: Double, smoothing: Double)) -> Picture {
    let disk = Int(setting.radius)
    let weights = Self.gaussian(setting.smoothing, 1)
    let extent = disk + 1
    let side = 2 * extent + 1
    var kernel = Array(repeating: 0.0, count: side * side)
    for y in -disk...disk {
      for x in -disk...disk where Double(y * y + x * x) <= setting.radius * setting.radius {
        for (dy, wy) in zip(-1...1, weights) {
          for (dx, wx) in zip(-1...1, weights) {
            kernel[(y + dy + extent) * side + x + dx + extent] += wy * wx
          }
        }
      }
    }
    let taps = normalized(kernel).enumerated().map { place, weight in
      (row: place / side - extent, column: place % side - extent, weight: weight)
    }
    return filtered(taps, .mirrored)
  }

  /// Returns the picture blurred, with pixels exchanged, and blurred again.
  ///
  /// From the lower right to the upper left, each pixel at least `distance` from the border changes
  /// places with one up to `distance` above and to the left, or its own row or column.
  func behindGlass(
    _ setting: (sigma: Double, distance: Int, rounds: Int), _ random: inout SeededGenerator
  ) -> Picture {
    var picture = blurred(setting.sigma)
    let distance = setting.distance
    for _ in 0..<setting.rounds {
      for row in stride(from: height - distance, to: distance, by: -1) {
        for column in stride(from: width - distance, to: distance, by: -1) {
          let x = column - distance + random.below(2 * distance)
          let y = row - distance + random.below(2 * distance)
          for channel in 0..<channels {
            picture.values.swapAt(
              (row * width + column) * channels + channel, (y * width + x) * channels + channel)
          }
        }
      }
    }
    return picture.blurred(setting.sigma)
  }

  /// Returns the picture blurred along a line.
  ///
  /// The weights exp(-i^2 / (2 sigma^2)) are for i = 0...2 * radius steps from the pixel, rounded to
  /// whole pixels, as in ImageMagick.
  ///
  /// - Parameter degrees: The angle of the line from horizontal, clockwise.
  func motionBlurred(_ setting: (radius: Int, sigma: Double), degrees: Double) -> Picture {
    let weights = normalized((0...2 * setting.radius).map { bell(Double($0) / setting.sigma) })
    let angle = degrees * .pi / 180
    let taps = weights.enumerated().map { step, weight in
      (
        row: Int((Double(step) * sin(angle) - 0.5).rounded(.up)),
        column: Int((Double(step) * cos(angle) - 0.5).rounded(.up)), weight: weight
      )
    }
    return filtered(taps, .nearest)
  }

  /// Returns the mean of the picture and its magnifications by 1, 1.01, ..., 1 + `steps` / 100.
  func zoomBlurred(steps: Int) -> Picture {
    var sums = values
    for step in 0...steps {
      let magnified = magnified(1 + Double(step) / 100)
      for index in sums.indices { sums[index] += magnified.values[index] }
    }
    return with(sums.map { $0 / Float(steps + 2) }, channels: channels)
  }
}
