internal import InferenceGraph

extension DataSet {
  /// How many images are written at a time.
  private static let writeSize = 512

  /// Writes the set as an HDF5 file in the layout of the CSAW lab, which ``load`` reads.
  ///
  /// Images are in `data`, channels first: (N, C, H, W), bytes as bytes, everything else as 32-bit
  /// floats. Their classes are in `label`, 32-bit integers of shape (N), and the true classes, if there
  /// are any, in `true_label`. Equal sets give equal bytes. The file appears whole or not at all; it is
  /// put together in memory.
  ///
  /// - Throws: ``FileError`` if this set cannot be read or the file not be written.
  public func write(to path: String) throws {
    let file = try HDF5Writer(path: path)
    let shape = [count, imageShape[2], imageShape[0], imageShape[1]]
    switch elementType {
    case .uint8:
      var bytes: [UInt8] = []
      bytes.reserveCapacity(shape.reduce(1, *))
      try forEachBatch { bytes.append(contentsOf: channelsFirst($0)) }
      try file.write(bytes, shape: shape, to: "data")
    case .float32, .float64:
      var values: [Float] = []
      values.reserveCapacity(shape.reduce(1, *))
      let isDouble = elementType == .float64
      try forEachBatch { bytes in
        // Looked at as what the read filled it with.
        values.append(
          contentsOf: channelsFirst(
            unsafe bytes.withUnsafeBytes { raw in
              isDouble
                ? unsafe raw.bindMemory(to: Double.self).map { Float($0) }
                : unsafe Array(raw.bindMemory(to: Float.self))
            }))
      }
      try file.write(Tensor(shape: shape, values: values), to: "data")
    }
    try file.write(labels, to: "label")
    if let trueLabels { try file.write(trueLabels, to: "true_label") }
    try AtomicFile.write(try file.image(), to: path)
  }

  /// Calls `body` with the bytes of some images after another.
  private func forEachBatch(_ body: ([UInt8]) -> Void) throws {
    let size = imageShape.reduce(elementType.size, *)
    for first in stride(from: 0, to: count, by: Self.writeSize) {
      let range = first..<min(count, first + Self.writeSize)
      var bytes = [UInt8](repeating: 0, count: range.count * size)
      // The array holds the images of the range.
      try unsafe bytes.withUnsafeMutableBytes { unsafe try read(range, into: $0) }
      body(bytes)
    }
  }

  /// Returns images with their channels first.
  private func channelsFirst<Element: BitwiseCopyable>(_ elements: [Element]) -> [Element] {
    let (pixels, channels) = (imageShape[0] * imageShape[1], imageShape[2])
    guard layout == .nhwc, channels > 1 else { return elements }
    var result = elements
    for image in 0..<elements.count / (pixels * channels) {
      let start = image * pixels * channels
      for channel in 0..<channels {
        for pixel in 0..<pixels {
          result[start + channel * pixels + pixel] = elements[start + pixel * channels + channel]
        }
      }
    }
    return result
  }
}
