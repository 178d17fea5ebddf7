package import InferenceGraph

extension DataSet {
  /// How many images are read at a time.
  private static let batchSize = 256

  /// Calls `body` with the values of some images after another, as 32-bit floats.
  ///
  /// - Parameters:
  ///   - layout: The order of axes that the values are given in; of images that have no three axes, that
  ///     of the set.
  ///   - body: Given the number of the first image as well.
  /// - Throws: ``FileError`` if the file cannot be read; what `body` throws.
  package func forEachBatch(
    _ layout: Layout, _ body: (_ first: Int, _ values: [Float]) throws -> Void
  ) throws {
    let size = imageShape.reduce(elementType.size, *)
    for first in stride(from: 0, to: count, by: Self.batchSize) {
      let range = first..<min(count, first + Self.batchSize)
      var raw = [UInt8](repeating: 0, count: range.count * size)
      // The array holds the images of the range, and is then looked at as what it was filled with.
      try unsafe raw.withUnsafeMutableBytes { unsafe try read(range, into: $0) }
      let values: [Float] = unsafe raw.withUnsafeBytes { raw in
        switch elementType {
        case .uint8: unsafe raw.map { Float($0) }
        case .float32: unsafe Array(raw.bindMemory(to: Float.self))
        case .float64: unsafe raw.bindMemory(to: Double.self).map { Float($0) }
        }
      }
      try body(first, arranged(values, layout))
    }
  }

  /// Returns the values of images, which are in the set's own order, in another.
  private func arranged(_ values: [Float], _ wanted: Layout) -> [Float] {
    guard wanted != layout, imageShape.count == 3, imageShape[2] > 1 else { return values }
    let (pixels, channels) = (imageShape[0] * imageShape[1], imageShape[2])
    // Each image is a table that is turned around.
    let (rows, columns) = layout == .nhwc ? (pixels, channels) : (channels, pixels)
    var result = values
    for start in stride(from: 0, to: values.count, by: rows * columns) {
      for row in 0..<rows {
        for column in 0..<columns {
          result[start + column * rows + row] = values[start + row * columns + column]
        }
      }
    }
    return result
  }
}
