public import ModelIO

/// A grid of images that shows what an attack does: each row is, for example, an image, its
/// triggered copy, and their difference.
public struct ContactSheet: Sendable, Hashable {
  /// The shape of every image, `[height, width, channels]` with 1 or 3 channels.
  public let imageShape: [Int]
  /// The rows from top to bottom, each of images from left to right, with bytes
  /// `[height][width][channels]`.
  public private(set) var rows: [[[UInt8]]] = []

  /// The minimum that the shorter side of an image is enlarged to, in pixels.
  private static let visibleSide = 96
  /// The maximum number of pixels of an enlarged sheet.
  private static let largestArea = 1 << 22
  private static let background: UInt8 = 255

  /// Creates an empty sheet.
  public init(imageShape: [Int]) {
    precondition(
      imageShape.count == 3 && [1, 3].contains(imageShape[2]) && imageShape.allSatisfy { $0 > 0 },
      "images of shape \(imageShape); height, width and 1 or 3 channels are needed")
    self.imageShape = imageShape
  }

  /// Appends a row, which may be shorter than others.
  public mutating func append(_ row: [[UInt8]]) {
    let size = imageShape.reduce(1, *)
    for image in row {
      precondition(image.count == size, "\(image.count) samples for an image of \(size)")
    }
    rows.append(row)
  }

  /// Appends an image, its triggered copy, and their difference times `amplification`.
  public mutating func append(_ image: [UInt8], triggered: [UInt8], amplification: Int = 4) {
    append([
      image, triggered, Self.difference(image, triggered, amplification: amplification),
    ])
  }

  /// Returns |b - a| times `amplification` for every byte, at most 255: black where both are equal.
  public static func difference(
    _ a: [UInt8], _ b: [UInt8], amplification: Int = 4
  ) -> [UInt8] {
    precondition(a.count == b.count, "\(a.count) and \(b.count) samples")
    precondition(amplification > 0, "amplified \(amplification) times")
    return zip(a, b).map { one, other in
      let (product, overflow) = abs(Int(one) - Int(other))
        .multipliedReportingOverflow(by: amplification)
      return overflow ? 255 : UInt8(min(255, product))
    }
  }

  /// Returns the sheet as a picture, with white gaps between images and around them.
  ///
  /// - Parameters:
  ///   - scale: The width and height of each pixel of an image in the picture. nil: small images
  ///     are enlarged to 96 pixels or slightly more, while the sheet has at most 2^22 pixels. A
  ///     sheet too large for a file is then reduced: the last rows are omitted and, if one row is
  ///     still too large, the images are scaled down.
  ///   - gap: The width of the gaps in pixels.
  public func pixelImage(scale: Int? = nil, gap: Int = 4) -> PixelImage {
    precondition(scale ?? 1 > 0 && gap >= 0, "scale \(scale ?? 1), gap \(gap)")
    let columns = rows.map(\.count).max() ?? 0
    precondition(columns > 0, "a sheet without images")
    let (height, width, channels) = (imageShape[0], imageShape[1], imageShape[2])
    func extents(_ scale: Int) -> (width: Int, height: Int) {
      (columns * (width * scale + gap) + gap, rows.count * (height * scale + gap) + gap)
    }
    if scale == nil {
      let fitting = fitted(columns: columns, gap: gap)
      if fitting != self { return fitting.pixelImage(gap: gap) }
    }
    var factor = scale ?? max(1, (Self.visibleSide + min(height, width) - 1) / min(height, width))
    func isTooLarge(_ size: (width: Int, height: Int)) -> Bool {
      size.width * size.height > Self.largestArea
        || max(size.width, size.height) > PixelImage.maximumSide
    }
    while scale == nil, factor > 1, isTooLarge(extents(factor)) { factor -= 1 }
    let (sheetWidth, sheetHeight) = extents(factor)
    var pixels = [UInt8](repeating: Self.background, count: sheetWidth * sheetHeight * channels)
    for (row, images) in rows.enumerated() {
      for (column, image) in images.enumerated() {
        let top = gap + row * (height * factor + gap)
        let left = gap + column * (width * factor + gap)
        for y in 0..<height * factor {
          let to = ((top + y) * sheetWidth + left) * channels
          let from = y / factor * width * channels
          for x in 0..<width * factor {
            for channel in 0..<channels {
              pixels[to + x * channels + channel] = image[from + x / factor * channels + channel]
            }
          }
        }
      }
    }
    return PixelImage(
      width: sheetWidth, height: sheetHeight, channels: channels, pixels: pixels)
  }

  /// The part of the sheet that a file can hold, with images of their own size or smaller.
  private func fitted(columns: Int, gap: Int) -> ContactSheet {
    let width = columns * (imageShape[1] + gap) + gap
    let height = min(PixelImage.maximumSide, PixelImage.maximumPixels / width)
    let fits = width <= PixelImage.maximumSide && imageShape[0] + 2 * gap <= height
    guard fits || imageShape.prefix(2) == [1, 1] else {
      return halved.fitted(columns: columns, gap: gap)
    }
    var sheet = self
    sheet.rows = Array(rows.prefix(max(1, (height - gap) / (imageShape[0] + gap))))
    return sheet
  }

  /// The sheet with images of half the height and width; each pixel is the mean of up to four.
  private var halved: ContactSheet {
    let (height, width, channels) = (imageShape[0], imageShape[1], imageShape[2])
    var sheet = ContactSheet(imageShape: [(height + 1) / 2, (width + 1) / 2, channels])
    sheet.rows = rows.map { row in
      row.map { image in
        (0..<sheet.imageShape.reduce(1, *)).map { index in
          let (pixel, channel) = (index / channels, index % channels)
          let (y, x) = (pixel / sheet.imageShape[1] * 2, pixel % sheet.imageShape[1] * 2)
          var (sum, count) = (0, 0)
          for y in y..<min(y + 2, height) {
            for x in x..<min(x + 2, width) {
              sum += Int(image[(y * width + x) * channels + channel])
              count += 1
            }
          }
          return UInt8((sum + count / 2) / count)
        }
      }
    }
    return sheet
  }
}
