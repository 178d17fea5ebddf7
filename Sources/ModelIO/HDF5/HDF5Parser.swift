import InferenceGraph

/// Parses one file with libhdf5, in a sealed process or within this one.
protocol HDF5Parser: Sendable {
  /// Returns the serialized catalogue; nil if the file is not HDF5.
  ///
  /// - Throws: ``SealedFailure``.
  func catalogue() throws -> [UInt8]?

  /// Fills a buffer with rows of a data set, converted to `type`.
  ///
  /// - Parameter dataset: The index among the data sets of the catalogue.
  /// - Throws: ``SealedFailure``, or ``HDF5Unreadable`` if libhdf5 fails.
  @unsafe func read(
    dataset: Int, rows: Range<Int>, as type: ElementType,
    into buffer: UnsafeMutableRawBufferPointer
  ) throws
}

extension HDF5DatasetInfo.RawType {
  init(_ type: ElementType) {
    self =
      switch type {
      case .uint8: .uint8
      case .float32: .float32
      case .float64: .float64
      }
  }
}
