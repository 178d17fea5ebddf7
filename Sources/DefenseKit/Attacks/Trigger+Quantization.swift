extension Trigger.Change {
  /// Returns the values of an image rounded to equidistant levels, 0...255.
  ///
  /// - Parameters:
  ///   - values: `[height][width][channels]`, 0...255.
  ///   - shape: `[height, width, channels]`.
  ///   - levels: The number of levels, at least 2: 0 is the lowest, 255 the highest. Halves round
  ///     up; no integer is half way between two levels.
  ///   - dithers: Whether 7/16 of the error goes to the right neighbour, and 3/16, 5/16 and 1/16 to
  ///     the three neighbours below, from left to right; each channel by itself.
  package static func quantized(
    _ values: [Float], shape: [Int], levels: Int, dithers: Bool
  ) -> [Float] {
    let steps = Float(levels - 1)
    func nearest(_ value: Float) -> Float {
      let level = (value * steps / 255 + 0.5).rounded(.down)
      return min(max(level, 0), steps) * 255 / steps
    }
    guard dithers else { return values.map(nearest) }
    let (height, width, channels) = (shape[0], shape[1], shape[2])
    var result = values
    for row in 0..<height {
      for column in 0..<width {
        for channel in 0..<channels {
          let index = (row * width + column) * channels + channel
          let old = result[index]
          let new = nearest(old)
          result[index] = new
          let error = old - new
          for (down, right, weight) in [(0, 1, 7), (1, -1, 3), (1, 0, 5), (1, 1, 1)]
          where row + down < height && (0..<width).contains(column + right) {
            result[index + (down * width + right) * channels] += error * Float(weight) / 16
          }
        }
      }
    }
    return result
  }
}
