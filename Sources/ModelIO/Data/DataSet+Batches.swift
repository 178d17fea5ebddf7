package import InferenceGraph

extension DataSet {
  /// The number of images in a batch.
  private static let batchSize = 256

  /// Calls `body` with one batch of images after another, as 32-bit floats.
  ///
  /// - Parameters:
  ///   - layout: The axis order of the values; images without three axes keep the order of the set.
  ///   - body: Called with the index of the batch's first image and the values.
  /// - Throws: ``FileError`` if the file cannot be read; what `body` throws.
  package func forEachBatch(
    _ layout: ImageLayout, _ body: (_ first: Int, _ values: [Float]) throws -> Void
  ) throws {
    let size = imageShape.reduce(elementType.size, *)
    for first in stride(from: 0, to: count, by: Self.batchSize) {
      let range = first..<min(count, first + Self.batchSize)
      var raw = [UInt8](repeating: 0, count: range.count * size)
      // The buffer holds the images of the range in `elementType`, and is viewed as that type.
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

  /// Returns the values of images, converted from the layout of the set to `wanted`.
  private func arranged(_ values: [Float], _ wanted: ImageLayout) -> [Float] {
    guard wanted != layout, imageShape.count == 3, imageShape[2] > 1 else { return values }
    let (pixels, channels) = (imageShape[0] * imageShape[1], imageShape[2])
    // Transposes each image as a matrix of pixels and channels.
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
