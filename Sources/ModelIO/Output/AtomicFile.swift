#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// Writes files atomically: complete, or not at all.
public enum AtomicFile {
  /// Writes a text as UTF-8, atomically.
  ///
  /// - Throws: ``FileError`` naming `path`, as for bytes.
  public static func write(_ text: String, to path: String) throws(FileError) {
    try write(Array(text.utf8), to: path)
  }

  /// Writes bytes atomically.
  ///
  /// The bytes go to a temporary file in the same folder, which is then renamed to `path`. When
  /// this returns, the file and its name are on the disk. After a failure the temporary file is
  /// removed, and what was at `path` is unchanged. Temporary files of killed processes in the
  /// folder are removed. Symbolic links are followed, and a replaced file keeps its owner and
  /// permissions.
  ///
  /// Devices, pipes and paths like /dev/stdout are written directly.
  ///
  /// - Throws: ``FileError`` naming `path`: `.cannotWrite`, `.writeFailed` if the disk is full or
  ///   the device fails, or `.readerGone` if the reader of a pipe has closed it.
  public static func write(_ bytes: [UInt8], to path: String) throws(FileError) {
    try write(to: path) { (descriptor) throws(SystemError) in
      try Descriptor.write(bytes, to: descriptor)
    }
  }

  /// Writes a file in pieces, atomically.
  ///
  /// - Parameter body: Writes all bytes to a descriptor.
  /// - Throws: ``FileError`` naming `path`, as for bytes, or the one that `body` throws.
  static func write(
    to path: String, _ body: (Int32) throws -> Void
  ) throws(FileError) {
    do {
      switch try Destination(path) {
      case .file(let file): try replace(file, body)
      case .device(let device):
        try writeThrough(try Descriptor.open(device, O_WRONLY | O_NOCTTY), body)
      case .descriptor(let number):
        try writeThrough(try SystemError.check { dup(number) }, body)
      }
    } catch let error as FileError {
      throw error
    } catch let error as SystemError {
      throw FileError(writing: path, error)
    } catch {
      throw FileError(.writeFailed, path: path, "\(error)")
    }
  }

  /// Removes all temporary files and folders of this process, then calls `end`.
  ///
  /// For a program that has to end, for example after SIGINT. Call it from a thread, not from a
  /// signal handler. Other threads that create or rename a file block from then on.
  public static func removeTemporaries(_ end: () -> Never) -> Never { Temporary.removeAll(end) }

  private static func replace(_ file: String, _ body: (Int32) throws -> Void) throws {
    let folder = TemporaryName.split(file).folder
    let old = Descriptor.status(file)
    if old != nil {
      // A read-only file must not be replaced, although the folder's permissions would allow it.
      try SystemError.check { unsafe access(file, W_OK) }
    }
    TemporaryName.clear(folder)
    let mode = old.map { $0.st_mode & 0o777 } ?? 0o666
    let temporary = try Temporary(in: folder, isFolder: false, mode: mode)
    try body(temporary.descriptor)
    if let old { temporary.adoptAttributes(of: old) }
    try temporary.synchronize()
    try temporary.move(to: file)
    try Descriptor.synchronize(folder: folder)
  }

  private static func writeThrough(
    _ descriptor: Int32, _ body: (Int32) throws -> Void
  ) throws {
    do {
      try body(descriptor)
      try Descriptor.synchronize(descriptor)
    } catch {
      try? Descriptor.close(descriptor)
      throw error
    }
    try Descriptor.close(descriptor)
  }
}

extension FileError {
  /// Creates the error for a result that cannot be written, with a matching kind.
  package init(writing path: String, _ error: SystemError) {
    let (kind, message): (Kind, String) =
      switch error.code {
      case EPIPE: (.readerGone, "its reader has closed it")
      case EISDIR: (.cannotWrite, "is a folder; give another name")
      case ENOENT, ENOTDIR:
        (
          .cannotWrite,
          "cannot be written: no such folder (\(TemporaryName.split(path).folder)); create it first"
        )
      case EACCES, EPERM, EROFS, ELOOP, ENAMETOOLONG, EMFILE, ENFILE, ENOTEMPTY, EEXIST, EBUSY:
        (.cannotWrite, "cannot be written: \(InputFile.reason(error.code)); choose another place")
      default:
        (
          .writeFailed,
          "cannot be written: \(InputFile.reason(error.code)); make room or write elsewhere"
        )
      }
    self.init(kind, path: path, message, remedies: [], finding: nil, system: error)
  }
}
