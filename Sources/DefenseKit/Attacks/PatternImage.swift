public import ModelIO

/// A picture as part of a trigger: the values and the opacity of each pixel.
public struct PatternImage: Sendable, Hashable {
  /// The height in pixels.
  public let height: Int
  /// The width in pixels.
  public let width: Int
  /// The number of channels of a pixel.
  public let channels: Int
  /// The values, `[height][width][channels]`, 0...255.
  public let values: [Float]
  /// The opacity, `[height][width]`, 0...1.
  public let alpha: [Float]

  /// Creates a picture.
  public init(height: Int, width: Int, channels: Int, values: [Float], alpha: [Float]) {
    precondition(values.count == height * width * channels, "\(values.count) values")
    precondition(alpha.count == height * width, "\(alpha.count) opacities")
    self.height = height
    self.width = width
    self.channels = channels
    self.values = values
    self.alpha = alpha
  }

  /// Converts a picture for images with this many channels.
  ///
  /// Grey values are repeated in every channel; colours are converted to grey by their luma (ITU-R
  /// BT.601) unless `channels` is 3.
  public init(_ image: PixelImage, channels: Int) {
    let given = image.channels
    var values: [Float] = []
    var alpha: [Float] = []
    for pixel in 0..<image.width * image.height {
      let sample = (0..<given).map { Float(image.pixels[pixel * given + $0]) }
      if channels == 3, given >= 3 {
        values += sample.prefix(3)
      } else {
        let luma =
          given >= 3 ? 0.299 * sample[0] + 0.587 * sample[1] + 0.114 * sample[2] : sample[0]
        values += Array(repeating: min(luma, 255), count: channels)
      }
      alpha.append(given == 4 ? sample[3] / 255 : 1)
    }
    self.init(
      height: image.height, width: image.width, channels: channels, values: values, alpha: alpha)
  }

  /// Returns the picture in another size; each new pixel is the mean over its area, with colours
  /// weighted by opacity.
  public func resized(height newHeight: Int, width newWidth: Int) -> PatternImage {
    if newHeight == height, newWidth == width { return self }
    let rows = (0..<newHeight).map { Self.cover($0, of: newHeight, from: height) }
    let columns = (0..<newWidth).map { Self.cover($0, of: newWidth, from: width) }
    var values: [Float] = []
    var alpha: [Float] = []
    for row in rows {
      for column in columns {
        var sums = [Double](repeating: 0, count: channels)
        var plain = sums
        var (opacity, area) = (0.0, 0.0)
        for (y, height) in row {
          for (x, width) in column {
            let pixel = y * self.width + x
            let share = height * width
            let weight = share * Double(self.alpha[pixel])
            area += share
            opacity += weight
            for channel in 0..<channels {
              let value = Double(self.values[pixel * channels + channel])
              sums[channel] += weight * value
              plain[channel] += share * value
            }
          }
        }
        // If the area is fully transparent, its colour does not matter.
        values += (0..<channels).map {
          Float(opacity > 0 ? sums[$0] / opacity : plain[$0] / area).clamped(to: 0...255)
        }
        alpha.append(Float(opacity / area).clamped(to: 0...1))
      }
    }
    return PatternImage(
      height: newHeight, width: newWidth, channels: channels, values: values, alpha: alpha)
  }

  /// The old pixels under a new one along an axis, each with the covered length.
  private static func cover(_ index: Int, of new: Int, from old: Int) -> [(Int, Double)] {
    let ratio = Double(old) / Double(new)
    let (start, end) = (Double(index) * ratio, Double(index + 1) * ratio)
    return (Int(start)..<min(old, Int(end.rounded(.up)))).compactMap { pixel in
      let length = min(end, Double(pixel + 1)) - max(start, Double(pixel))
      return length > 0 ? (pixel, length) : nil
    }
  }

  /// Returns a change that puts the picture at a position of an image and leaves the rest
  /// transparent.
  ///
  /// - Returns: The change, for images of `imageShape`; nil if the picture extends beyond them.
  public func overlay(row: Int, column: Int, imageShape: [Int], opacity: Float = 1)
    -> Trigger.Change?
  {
    let (rows, columns) = (imageShape[0], imageShape[1])
    guard row >= 0, column >= 0, row + height <= rows, column + width <= columns,
      imageShape[2] == channels
    else { return nil }
    var pattern = [Float](repeating: 0, count: rows * columns * channels)
    var mask = [Float](repeating: 0, count: rows * columns)
    for y in 0..<height {
      for x in 0..<width {
        let (from, to) = (y * width + x, (row + y) * columns + column + x)
        mask[to] = alpha[from] * opacity
        for channel in 0..<channels {
          pattern[to * channels + channel] = values[from * channels + channel]
        }
      }
    }
    return .overlay(pattern: pattern, alpha: mask)
  }
}

extension Float {
  fileprivate func clamped(to range: ClosedRange<Float>) -> Float {
    Swift.min(Swift.max(self, range.lowerBound), range.upperBound)
  }
}
