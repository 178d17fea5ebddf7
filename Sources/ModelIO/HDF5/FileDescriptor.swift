#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// A file open for reading at any place, by several threads at once.
final class FileDescriptor: Sendable {
  /// The number, valid as long as this lives.
  let number: Int32
  /// The file's size in bytes when it was opened.
  let size: Int
  /// The file, as the caller named it.
  let path: String

  /// Opens the file.
  ///
  /// - Throws: ``FileError`` if it is missing, unreadable, or no regular file.
  init(_ path: String) throws(FileError) {
    number = try InputFile.open(path)
    do throws(FileError) {
      size = try InputFile.size(of: number, path)
    } catch {
      _ = close(number)
      throw error
    }
    self.path = path
  }

  /// Whether it has become smaller since.
  var hasShrunk: Bool { (try? InputFile.size(of: number, path)).map { $0 < size } ?? true }

  deinit { _ = close(number) }

  /// Returns up to `count` bytes from the beginning; none if they cannot be read.
  func prefix(count: Int) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: min(count, size))
    // Lent for this call.
    let isRead: Bool = unsafe bytes.withUnsafeMutableBytes { buffer in
      do throws(FileError) {
        unsafe try read(at: 0, into: buffer)
        return true
      } catch {
        return false
      }
    }
    return isRead ? bytes : []
  }

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
          .badData, path: path, got == 0 ? "ends too early; copy it again" : InputFile.reason(errno)
        )
      }
      done += got
    }
  }
}
