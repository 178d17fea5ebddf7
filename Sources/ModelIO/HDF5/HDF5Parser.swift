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

/// Elements that libhdf5 cannot read.
struct HDF5Unreadable: Error {}

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

/// Parses within this process, which a hostile file may crash or worse.
struct HDF5LocalParser: HDF5Parser {
  private let reader: HDF5Reader
  private let fileSize: Int

  /// Opens the file; nil if it is not HDF5.
  init?(path: String, fileSize: Int) {
    guard let reader = HDF5Reader(path: path) else { return nil }
    self.reader = reader
    self.fileSize = fileSize
  }

  func catalogue() throws -> [UInt8]? { reader.catalogue(fileSize: fileSize).frame }

  @unsafe func read(
    dataset: Int, rows: Range<Int>, as type: ElementType,
    into buffer: UnsafeMutableRawBufferPointer
  ) throws {
    var done = 0
    let succeeded = unsafe reader.read(dataset: dataset, rows: rows, as: .init(type)) { piece in
      guard piece.count <= buffer.count - done else { return false }
      unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[done...]).copyMemory(from: piece)
      done += piece.count
      return true
    }
    guard succeeded, done == buffer.count else { throw HDF5Unreadable() }
  }
}
