internal import InferenceGraph

extension DataSet {
  /// Writes the set as an HDF5 file in the layout of the CSAW lab, which `DataSet.load` reads.
  ///
  /// Images are in `data`, channels first: (N, C, H, W), of type uint8 or float32. Their classes
  /// are in `label`, 32-bit integers of shape (N); true classes, if present, in `true_label`, and
  /// trigger flags in `poisoned`. Equal sets give equal bytes. The file is assembled in memory and
  /// written atomically.
  ///
  /// - Throws: ``FileError`` if an image does not have three axes, the set cannot be read, or the
  ///   file cannot be written.
  public func write(to path: String) throws {
    guard imageShape.count == 3 else {
      throw FileError(
        .badData, path: path,
        "its images have the shape \(imageShape), but only [height, width, channels] can be "
          + "written")
    }
    let file = try HDF5Writer(path: path)
    let shape = [count, imageShape[2], imageShape[0], imageShape[1]]
    let total = shape.reduce(1, *)
    switch elementType {
    case .uint8:
      var bytes: [UInt8] = []
      bytes.reserveCapacity(total)
      try forEachBatch(.nchw) { _, values in bytes.append(contentsOf: values.lazy.map { UInt8($0) })
      }
      try file.write(bytes, shape: shape, to: "data")
    case .float32, .float64:
      var all: [Float] = []
      all.reserveCapacity(total)
      try forEachBatch(.nchw) { _, values in all.append(contentsOf: values) }
      try file.write(Tensor(shape: shape, values: all), to: "data")
    }
    try file.write(labels, to: "label")
    if let trueLabels { try file.write(trueLabels, to: "true_label") }
    if let isPoisoned { try file.write(isPoisoned.map { $0 ? 1 : 0 }, to: "poisoned") }
    try AtomicFile.write(try file.image(), to: path)
  }
}
