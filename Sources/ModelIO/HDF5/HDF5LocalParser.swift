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

  /// Opens a part of a file, or a file without a name; nil if it is not HDF5.
  ///
  /// libhdf5 opens files by name only, and parts of them not at all: it gets a copy.
  ///
  /// - Throws: ``FileError`` if the copy cannot be made.
  init?(unnamed content: FileDescriptor) throws(FileError) {
    guard let reader = try UnnamedFile.named(content, HDF5Reader.init(path:)) else { return nil }
    self.reader = reader
    fileSize = content.size
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
