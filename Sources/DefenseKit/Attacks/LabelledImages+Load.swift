internal import InferenceGraph
public import ModelIO

extension LabelledImages {
  /// Reads a data set into memory.
  ///
  /// Values from 0 to 255 are rounded to bytes. If none is over 1, all are taken as 0...1 and
  /// multiplied by 255 first, whatever type they are stored as.
  ///
  /// - Throws: ``DataError`` for images with other values, or with other than 1 or 3 channels;
  ///   `FileError` if the file cannot be read; `MemoryError` if it does not fit into memory.
  public init(_ data: DataSet) throws {
    let shape = data.imageShape
    guard shape.count == 3, [1, 3].contains(shape[2]) else {
      throw DataError(
        "its images have shape \(shape), but attacks work on pictures [height, width, channels] "
          + "with 1 or 3 channels", about: .dataSet(data.name))
    }
    let size = shape.reduce(1, *)
    var largest: Float = 0
    try data.forEachBatch(.nhwc) { first, values in
      for (position, value) in values.enumerated() {
        guard value >= 0, value <= 255 else {
          throw DataError(
            "has the value \(value), but attacks work on pictures of 0...255 or 0...1",
            about: .image(first + position / size, in: data.name))
        }
        largest = max(largest, value)
      }
    }
    let white: Float = largest <= 1 ? 1 : 255
    try MemoryError.check(
      data.count * size, for: data.path ?? data.name, "\(data.count) images")
    var bytes: [UInt8] = []
    bytes.reserveCapacity(data.count * size)
    try data.forEachBatch(.nhwc) { _, values in
      bytes.append(contentsOf: values.lazy.map { UInt8(($0 / white * 255).rounded()) })
    }
    self.init(
      imageShape: shape, bytes: bytes, labels: data.labels, name: data.name, white: white)
  }
}
