public import ModelIO

extension Trigger {
  /// Returns a picture of clean images above and the same images with the trigger below.
  ///
  /// Images of different classes come first; images of the target class are shown only if there are
  /// no others.
  ///
  /// - Parameters:
  ///   - images: Clean images.
  ///   - range: The range of the images' values, which becomes 0...255; see
  ///     ``CleanData/valueRange()``.
  ///   - count: The maximum number of images.
  /// - Returns: The picture, of the images' own size if it is small; nil if the images have another
  ///   shape than the trigger or are no pictures of 1 or 3 channels.
  /// - Throws: The errors of the images' source.
  public func picture(
    on images: CleanData, range: ClosedRange<Float>, count: Int = 8
  ) throws -> PixelImage? {
    guard images.source.imageShape == imageShape, [1, 3].contains(imageShape[2]) else { return nil }
    let concerned = images.labels.indices.filter { goal.affects(images.labels[$0]) }
    let candidates = concerned.isEmpty ? Array(images.labels.indices) : concerned
    var seen: Set<Int32> = []
    let isFirst = candidates.map { seen.insert(images.labels[$0]).inserted }
    let firsts = zip(candidates, isFirst).filter(\.1).map(\.0)
    let others = zip(candidates, isFirst).filter { !$0.1 }.map(\.0)
    let extent = range.upperBound - range.lowerBound
    let shown = try (firsts + others).prefix(count).sorted().map { index in
      try images.source.values(of: index..<index + 1).map { value in
        extent > 0
          ? UInt8(max(0, min(255, ((value - range.lowerBound) / extent * 255).rounded()))) : 0
      }
    }
    var sheet = ContactSheet(imageShape: imageShape)
    sheet.append(shown)
    sheet.append(shown.map { applied(to: $0) })
    let isSmall = imageShape[0] <= 128 && imageShape[1] <= 128
    return isSmall ? sheet.pixelImage(scale: 1, gap: 1) : sheet.pixelImage()
  }
}
