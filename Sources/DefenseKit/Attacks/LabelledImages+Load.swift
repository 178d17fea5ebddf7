internal import InferenceGraph
public import ModelIO

extension LabelledImages {
  /// How many images are read at a time.
  private static let readSize = 256

  /// Reads a data set into memory.
  ///
  /// Bytes are taken as they are. Floats from 0 to 255 are rounded; floats of which none is over 1 are
  /// held to be 0...1 and multiplied by 255 before.
  ///
  /// - Throws: ``DataError`` for images with other values, or neither grey nor in colours; `FileError` if the file cannot be read.
  public init(_ data: DataSet) throws {
    let shape = data.imageShape
    guard shape.count == 3, [1, 3].contains(shape[2]) else {
      throw DataError(
        "\(data.name): its images have shape \(shape); attacks work on pictures "
          + "[height, width, channels] with 1 or 3 channels")
    }
    let size = shape.reduce(1, *)
    var white: Float = 255
    if data.elementType != .uint8 {
      var largest: Float = 0
      try Self.forEachBatch(of: data) { first, values in
        for (position, value) in values.enumerated() {
          guard value >= 0, value <= 255 else {
            throw DataError(
              "\(data.name): image \(first + position / size) has the value \(value); attacks work on "
                + "pictures of 0...255 or 0...1")
          }
          largest = max(largest, value)
        }
      }
      if largest <= 1 { white = 1 }
    }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(data.count * size)
    try Self.forEachBatch(of: data) { _, values in
      bytes.append(
        contentsOf: Self.channelsLast(values, shape, data.layout).map { value in
          UInt8((value / white * 255).rounded())
        })
    }
    self.init(
      imageShape: shape, bytes: bytes, labels: data.labels, name: data.name, white: white)
  }

  /// Calls `body` with the values of some images after another, in the set's own order of axes.
  private static func forEachBatch(
    of data: DataSet, _ body: (_ first: Int, _ values: [Float]) throws -> Void
  ) throws {
    let size = data.imageShape.reduce(data.elementType.size, *)
    for first in stride(from: 0, to: data.count, by: readSize) {
      let range = first..<min(data.count, first + readSize)
      var raw = [UInt8](repeating: 0, count: range.count * size)
      // The array holds the images of the range, and is then looked at as what it was filled with.
      try unsafe raw.withUnsafeMutableBytes { unsafe try data.read(range, into: $0) }
      let values: [Float] = unsafe raw.withUnsafeBytes { raw in
        switch data.elementType {
        case .uint8: unsafe raw.map { Float($0) }
        case .float32: unsafe Array(raw.bindMemory(to: Float.self))
        case .float64: unsafe raw.bindMemory(to: Double.self).map { Float($0) }
        }
      }
      try body(first, values)
    }
  }

  /// Returns images with their channels last.
  private static func channelsLast(
    _ values: [Float], _ shape: [Int], _ layout: Layout
  ) -> [Float] {
    let (pixels, channels) = (shape[0] * shape[1], shape[2])
    guard layout == .nchw, channels > 1 else { return values }
    var result = [Float](repeating: 0, count: values.count)
    for image in 0..<values.count / (pixels * channels) {
      let start = image * pixels * channels
      for channel in 0..<channels {
        for pixel in 0..<pixels {
          result[start + pixel * channels + channel] = values[start + channel * pixels + pixel]
        }
      }
    }
    return result
  }
}
