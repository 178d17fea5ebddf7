#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// A file, or a part of one, open for reading at any offset; safe to use from several threads at
/// once.
final class FileDescriptor: Sendable {
  /// The descriptor of the open file, valid as long as this object lives.
  let number: Int32
  /// The place of the first byte in the open file; 0 unless this is a part.
  let base: Int
  /// The size in bytes at opening.
  let size: Int
  /// The path, as the caller passed it; for a part or an unpacked member, that of the whole file.
  let path: String
  /// The file that this is a part of, which owns the descriptor.
  let whole: FileDescriptor?
  /// Whether these are all bytes of the file at ``path``.
  let isNamed: Bool

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
    base = 0
    whole = nil
    isNamed = true
  }

  /// Wraps the bytes of a range, which must lie in the file.
  init(_ range: Range<Int>, of whole: FileDescriptor) {
    precondition(
      range.lowerBound >= 0 && range.upperBound <= whole.size, "\(range) of \(whole.size)")
    number = whole.number
    base = whole.base + range.lowerBound
    size = range.count
    path = whole.path
    self.whole = whole
    isNamed = false
  }

  /// Takes ownership of the descriptor of a file without a name.
  ///
  /// - Parameter path: The path for errors.
  init(owning number: Int32, size: Int, path: String) {
    self.number = number
    self.size = size
    self.path = path
    base = 0
    whole = nil
    isNamed = false
  }

  /// Whether the file has become smaller since, or its size cannot be read.
  var hasShrunk: Bool { (try? InputFile.size(of: number, path)).map { $0 < base + size } ?? true }

  deinit { if whole == nil { _ = close(number) } }

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
    // The open file goes on behind a part.
    guard whole == nil || offset <= size - buffer.count else {
      throw FileError(.badData, path: path, "ends too early; copy it again")
    }
    var done = 0
    while done < buffer.count {
      // pread(2) writes into the part of the buffer that is not filled yet.
      let got = unsafe pread(
        number, buffer.baseAddress! + done, buffer.count - done, off_t(base + offset + done))
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
