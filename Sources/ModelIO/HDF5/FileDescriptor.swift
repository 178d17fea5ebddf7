#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// A file open for reading at any offset; safe to use from several threads at once.
final class FileDescriptor: Sendable {
  /// The descriptor, valid as long as this object lives.
  let number: Int32
  /// The size in bytes at opening.
  let size: Int
  /// The path, as the caller passed it.
  let path: String

  /// Opens the file.
  ///
  /// - Throws: ``FileError`` if the file is missing, unreadable, or not a regular file.
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

  /// Whether the file has become smaller since, or its size cannot be read.
  var hasShrunk: Bool { (try? InputFile.size(of: number, path)).map { $0 < size } ?? true }

  deinit { _ = close(number) }

  /// Returns up to `count` bytes from the beginning; empty if reading fails.
  func prefix(count: Int) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: min(count, size))
    // The buffer is used during the call only.
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

  /// Fills `buffer` with the file's bytes, starting at `offset`.
  ///
  /// - Throws: ``FileError`` if the file ends first, or reading fails.
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
