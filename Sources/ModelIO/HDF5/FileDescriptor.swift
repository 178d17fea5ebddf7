#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// A file open for reading at any place, by several threads at once.
final class FileDescriptor: Sendable {
  private let number: Int32
  private let path: String

  /// Opens the file.
  init(_ path: String) throws(FileError) {
    number = try InputFile.open(path)
    self.path = path
  }

  deinit { _ = close(number) }

  /// Fills `buffer` with the file's bytes from `offset` on.
  ///
  /// - Throws: ``FileError`` if there are not so many, or reading fails.
  func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(FileError) {
    var done = 0
    while done < buffer.count {
      // pread(2) writes into the part of the buffer that is not filled yet.
      let got = unsafe pread(
        number, buffer.baseAddress! + done, buffer.count - done, off_t(offset + done))
      if got < 0 && errno == EINTR { continue }
      guard got > 0 else {
        throw FileError(
          .badData, path: path, got == 0 ? "ends too early; copy it again" : InputFile.reason(errno))
      }
      done += got
    }
  }
}
