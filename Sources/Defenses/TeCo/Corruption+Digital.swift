internal import DefenseKit

extension Picture {
  /// Returns the picture with the largest channel of each pixel raised, the others in proportion;
  /// black becomes grey.
  func brightened(by amount: Float) -> Picture {
    var result = self
    for pixel in 0..<pixels {
      let colours = pixel * channels..<(pixel + 1) * channels
      let value = values[colours].max() ?? 0
      let raised = min(value + amount, 1)
      for index in colours {
        result.values[index] = value > 0 ? values[index] * raised / value : raised
      }
    }
    return result
  }

  /// Returns the picture with the differences from each channel's mean scaled.
  func withContrast(_ factor: Float) -> Picture {
    var result = self
    for channel in 0..<channels {
      let places = stride(from: channel, to: values.count, by: channels)
      let mean = Float(places.reduce(0.0) { $0 + Double(values[$1]) } / Double(pixels))
      for index in places { result.values[index] = (values[index] - mean) * factor + mean }
    }
    return result
  }

  /// Returns the picture under a random affine map and random smooth displacements.
  ///
  /// The affine map moves three corners of a square of a third of the image about its centre by up
  /// to `shift` in each direction. Displacements are uniform noise in -1...1, under a Gaussian blur,
  /// times the strength. All lengths are parts of the smaller extent.
  func warped(
    _ setting: (strength: Double, sigma: Double, shift: Double), _ random: inout SeededGenerator
  ) -> Picture {
    let unit = Double(min(height, width))
    let square = Double(min(height, width) / 3)
    let (y, x) = (Double(height / 2), Double(width / 2))
    let corners = [(y + square, x + square), (y - square, x + square), (y - square, x - square)]
    let moved = corners.map { corner in
      func shift() -> Double { setting.shift * unit * (2 * random.unit() - 1) }
      return (corner.0 + shift(), corner.1 + shift())
    }
    let back = AffineMap(from: moved, to: corners)
    let affine = resampled(.mirrored) { back.applied(to: (Double($0), Double($1))) }
    guard setting.strength > 0 else { return affine }
    let displacements = (0..<2).map { _ in
      with((0..<pixels).map { _ in Float(2 * random.unit() - 1) })
        .blurred(setting.sigma * unit, truncation: 3, .reflected).values
        .map { Double($0) * setting.strength * unit }
    }
    return affine.resampled(.reflected) { row, column in
      let pixel = row * width + column
      return (Double(row) + displacements[0][pixel], Double(column) + displacements[1][pixel])
    }
  }

  /// Returns the picture averaged to a part of its extents, and enlarged again.
  func pixelated(_ factor: Double) -> Picture {
    func extent(_ count: Int) -> Int { max(1, Int(Double(count) * factor)) }
    return boxed(extent(height), extent(width)).boxed(height, width)
  }

  /// Returns the picture at other extents: each pixel is the mean of the pixels whose centres lie in
  /// its box, the far edge included, or the one at its centre.
  func boxed(_ newHeight: Int, _ newWidth: Int) -> Picture {
    func ranges(_ old: Int, _ new: Int) -> [Range<Int>] {
      (0..<new).map { place in
        if new >= old {
          let centre = (2 * place + 1) * old / (2 * new)
          return centre..<centre + 1
        }
        // The number of centres s + 1/2 up to place * old / new, in whole numbers.
        func before(_ place: Int) -> Int { (2 * place * old + new) / (2 * new) }
        return before(place)..<before(place + 1)
      }
    }
    let (rows, columns) = (ranges(height, newHeight), ranges(width, newWidth))
    var result: [Float] = []
    for row in rows {
      for column in columns {
        for channel in 0..<channels {
          var sum = 0.0
          for y in row {
            for x in column { sum += Double(values[(y * width + x) * channels + channel]) }
          }
          result.append(Float(sum / Double(row.count * column.count)))
        }
      }
    }
    return Picture(height: newHeight, width: newWidth, channels: channels, values: result)
  }
}

/// The affine map of the plane that three points determine.
struct AffineMap {
  /// For each of both coordinates: c0 + c1 * first + c2 * second.
  private let coefficients: [(Double, Double, Double)]

  /// Creates the map of three points, not on one line, to three others.
  init(from points: [(Double, Double)], to images: [(Double, Double)]) {
    let (a, b, c) = (points[0], points[1], points[2])
    let area = (b.0 - a.0) * (c.1 - a.1) - (c.0 - a.0) * (b.1 - a.1)
    func solve(_ values: [Double]) -> (Double, Double, Double) {
      let (one, two) = (values[1] - values[0], values[2] - values[0])
      let first = (one * (c.1 - a.1) - two * (b.1 - a.1)) / area
      let second = (two * (b.0 - a.0) - one * (c.0 - a.0)) / area
      return (values[0] - first * a.0 - second * a.1, first, second)
    }
    coefficients = [solve(images.map(\.0)), solve(images.map(\.1))]
  }

  /// Returns the image of a point.
  func applied(to point: (Double, Double)) -> (Double, Double) {
    func value(_ c: (Double, Double, Double)) -> Double {
      c.0 + c.1 * point.0 + c.2 * point.1
    }
    return (value(coefficients[0]), value(coefficients[1]))
  }
}
