import InferenceGraph

/// Parses a file within this process, without protection against hostile files.
struct HDF5LocalParser: HDF5Parser {
  private let reader: HDF5Reader
  private let fileSize: Int

  /// Opens the file; nil if it is not HDF5.
  init?(path: String, fileSize: Int) {
    guard let reader = HDF5Reader(path: path) else { return nil }
    self.reader = reader
    self.fileSize = fileSize
  }

  func catalogue() throws -> [UInt8]? { reader.catalogue(fileSize: fileSize).message }

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
