import CSystem

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// Files without a name, or with a temporary one, for bytes that a library or a sealed process reads
/// as a file.
enum UnnamedFile {
  /// Returns a new file, in memory on Linux, open for reading.
  ///
  /// - Parameters:
  ///   - path: The path for errors.
  ///   - fill: Calls its argument with one piece of the contents after another.
  /// - Throws: ``FileError`` if the system cannot store the contents, or the error of `fill`.
  static func make(
    for path: String,
    _ fill: (_ append: ([UInt8]) throws(FileError) -> Void) throws(FileError) -> Void
  ) throws(FileError) -> FileDescriptor {
    let number = dk_anonymous_file()
    guard number >= 0 else { throw failure(path, errno) }
    var size = 0
    do throws(FileError) {
      try fill { bytes throws(FileError) in
        do throws(SystemError) {
          try Descriptor.write(bytes, to: number)
        } catch {
          throw failure(path, error.code)
        }
        size += bytes.count
      }
    } catch {
      _ = close(number)
      throw error
    }
    return FileDescriptor(owning: number, size: size, path: path)
  }

  /// Copies a file to one with a name in the folder for temporary files, which is removed when
  /// `body` returns; for libraries that open files by name only.
  ///
  /// - Parameter body: Receives the name.
  /// - Throws: ``FileError`` if the file cannot be read, or the system cannot store the copy.
  static func named<Result>(
    _ content: FileDescriptor, _ body: (_ path: String) -> Result
  ) throws(FileError) -> Result {
    let folder = unsafe getenv("TMPDIR").map { unsafe String(cString: $0) } ?? "/tmp"
    var name = Array("\(folder)/defensekit-XXXXXX".utf8CString)
    // The call replaces the last six characters.
    let number = unsafe name.withUnsafeMutableBufferPointer { unsafe mkstemp($0.baseAddress!) }
    guard number >= 0 else { throw failure(content.path, errno) }
    let path = String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    defer {
      _ = unsafe unlink(path)
      _ = close(number)
    }
    for start in stride(from: 0, to: content.size, by: 1 << 20) {
      let piece = try content.bytes(at: start, count: min(1 << 20, content.size - start))
      do throws(SystemError) {
        try Descriptor.write(piece, to: number)
      } catch {
        throw failure(content.path, error.code)
      }
    }
    return body(path)
  }

  private static func failure(_ path: String, _ code: Int32) -> FileError {
    FileError(.unavailable, path: path, "cannot be unpacked: \(InputFile.reason(code))")
  }
}
