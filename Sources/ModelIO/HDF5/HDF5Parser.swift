import InferenceGraph

/// Who parses a file: libhdf5 in a sealed process, or within this one.
protocol HDF5Parser: Sendable {
  /// Returns the frame of the catalogue; nil if the file is not HDF5.
  ///
  /// - Throws: ``SealedFailure``.
  func catalogue() throws -> [UInt8]?

  /// Fills a buffer with rows of the catalogue's n-th data set, converted to a type.
  ///
  /// - Throws: ``SealedFailure``, or ``HDF5Unreadable`` if libhdf5 cannot do it.
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
