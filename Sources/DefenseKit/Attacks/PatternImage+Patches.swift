public import NetworkTraining

extension PatternImage {
  /// Returns an opaque checkerboard of 255 and 0 with 255 in the upper left pixel.
  public static func checkerboard(height: Int, width: Int, channels: Int) -> PatternImage {
    PatternImage(
      height: height, width: width, channels: channels,
      values: (0..<height * width).flatMap { pixel in
        Array(
          repeating: (pixel / width + pixel % width).isMultiple(of: 2) ? 255 : 0, count: channels)
      }, alpha: Array(repeating: 1, count: height * width))
  }

  /// Returns an opaque patch of random bytes.
  public static func noise(
    height: Int, width: Int, channels: Int, _ generator: inout SeededGenerator
  ) -> PatternImage {
    PatternImage(
      height: height, width: width, channels: channels,
      values: (0..<height * width * channels).map { _ in Float(generator.next() >> 56) },
      alpha: Array(repeating: 1, count: height * width))
  }

  /// A corner of an image.
  public enum Corner: Sendable, Hashable, CaseIterable {
    /// The lower right corner.
    case bottomRight
    /// The upper left corner.
    case topLeft
    /// The upper right corner.
    case topRight
    /// The lower left corner.
    case bottomLeft
  }

  /// Returns a change that puts the picture into a corner of an image.
  ///
  /// - Parameters:
  ///   - corner: The corner of the image.
  ///   - imageShape: `[height, width, channels]`.
  ///   - attack: The attack whose option `size` is the patch's side, for the message.
  /// - Throws: ``PluginError`` with code `badOption` if the picture extends beyond the image.
  public func overlay(
    in corner: Corner, imageShape: [Int], of attack: String
  ) throws(PluginError) -> Trigger.Change {
    let (down, right) = (imageShape[0] - height, imageShape[1] - width)
    let (row, column) =
      switch corner {
      case .bottomRight: (down, right)
      case .topLeft: (0, 0)
      case .topRight: (0, right)
      case .bottomLeft: (down, 0)
      }
    guard let change = overlay(row: row, column: column, imageShape: imageShape) else {
      throw PluginError(
        option: "size", of: attack,
        "is \(max(height, width)), larger than images of \(imageShape[0])x\(imageShape[1])",
        remedies: [.lower("size", of: attack)])
    }
    return change
  }
}
