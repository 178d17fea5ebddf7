internal import DefenseKit

/// A picture with opacity that shapes are painted on, one over another.
struct Canvas {
  let height: Int
  let width: Int
  let channels: Int
  /// `[height][width][channels]`, 0...255.
  private(set) var pattern: [Float]
  /// `[height][width]`, 0...1.
  private(set) var alpha: [Float]

  /// Creates a transparent picture for images of a shape, `[height, width, channels]`.
  init(_ shape: [Int]) {
    (height, width, channels) = (shape[0], shape[1], shape[2])
    pattern = Array(repeating: 0, count: height * width * channels)
    alpha = Array(repeating: 0, count: height * width)
  }

  /// The change that lays the picture over an image.
  var change: Trigger.Change { .overlay(pattern: pattern, alpha: alpha) }

  /// Lays a colour over a pixel.
  mutating func paint(_ row: Int, _ column: Int, _ colour: [Float], opacity: Float) {
    let pixel = row * width + column
    let below = alpha[pixel] * (1 - opacity)
    let whole = opacity + below
    guard whole > 0 else { return }
    alpha[pixel] = min(1, whole)
    let share = opacity / whole
    for channel in 0..<channels {
      let index = pixel * channels + channel
      pattern[index] += share * (colour[channel] - pattern[index])
    }
  }

  /// Calls `body` for each pixel of a box around a centre, clipped to the picture, with the pixel's
  /// distance from the centre.
  func forEachPixel(
    around centre: (row: Float, column: Float), within half: (height: Float, width: Float),
    _ body: (_ row: Int, _ column: Int, _ down: Float, _ right: Float) -> Void
  ) {
    let rows = Self.range(centre.row, half.height, height)
    let columns = Self.range(centre.column, half.width, width)
    for row in rows {
      for column in columns {
        body(row, column, Float(row) - centre.row, Float(column) - centre.column)
      }
    }
  }

  private static func range(_ centre: Float, _ half: Float, _ extent: Int) -> Range<Int> {
    let first = max(0, Int((centre - half).rounded(.up)))
    let last = min(extent - 1, Int((centre + half).rounded(.down)))
    return first..<max(first, last + 1)
  }
}
