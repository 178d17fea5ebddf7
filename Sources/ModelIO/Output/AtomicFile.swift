#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// A file that comes into being whole or not at all.
public enum AtomicFile {
  /// Writes a text, as UTF-8, whole or not at all.
  ///
  /// - Throws: ``FileError`` naming `path`; as for bytes.
  public static func write(_ text: String, to path: String) throws(FileError) {
    try write(Array(text.utf8), to: path)
  }

  /// Writes bytes, whole or not at all.
  ///
  /// They go to a temporary file in the same folder, which then gets the name `path`; the file and
  /// its name are on the disk when this returns. Whatever fails, the temporary file is gone and what
  /// was at `path` is untouched. What a killed process has left in the folder is removed. Symbolic
  /// links are followed, and a file that is replaced keeps its owner and permissions.
  ///
  /// Devices, pipes and paths such as /dev/stdout are written through.
  ///
  /// - Throws: ``FileError`` naming `path`: `.cannotWrite`, `.writeFailed` if there is no room or the
  ///   device fails, or `.readerGone` if nobody reads the pipe.
  public static func write(_ bytes: [UInt8], to path: String) throws(FileError) {
    do throws(SystemError) {
      switch try Destination(path) {
      case .file(let file): try replace(file, bytes)
      case .device(let device):
        try writeThrough(try Descriptor.open(device, O_WRONLY | O_NOCTTY), bytes)
      case .descriptor(let number):
        try writeThrough(try SystemError.check { dup(number) }, bytes)
      }
    } catch {
      throw FileError(writing: path, error)
    }
  }

  /// Removes whatever this process has under temporary names and then ends it with `end`.
  ///
  /// For a program that is asked to end, by SIGINT for instance. Not to be called from a signal handler
  /// but from a thread; other threads that are about to make or rename a file wait, for ever.
  public static func removeTemporaries(_ end: () -> Never) -> Never { Temporary.removeAll(end) }

  private static func replace(_ file: String, _ bytes: [UInt8]) throws(SystemError) {
    let folder = TemporaryName.split(file).folder
    let old = Descriptor.status(file)
    if old != nil {
      // A file that may not be written may not be replaced, though its folder would allow it.
      try SystemError.check { unsafe access(file, W_OK) }
    }
    TemporaryName.clear(folder)
    let mode = old.map { $0.st_mode & 0o777 } ?? 0o666
    let temporary = try Temporary(in: folder, isFolder: false, mode: mode)
    try Descriptor.write(bytes, to: temporary.descriptor)
    if let old { temporary.adoptAttributes(of: old) }
    try temporary.synchronize()
    try temporary.move(to: file)
    try Descriptor.synchronize(folder: folder)
  }

  private static func writeThrough(_ descriptor: Int32, _ bytes: [UInt8]) throws(SystemError) {
    do throws(SystemError) {
      try Descriptor.write(bytes, to: descriptor)
      try Descriptor.synchronize(descriptor)
    } catch {
      try? Descriptor.close(descriptor)
      throw error
    }
    try Descriptor.close(descriptor)
  }
}

extension FileError {
  /// What the system says when a result cannot be written, with the exit status that fits.
  package init(writing path: String, _ error: SystemError) {
    let (kind, message): (Kind, String) =
      switch error.code {
      case EPIPE: (.readerGone, "nobody reads it any more")
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
    self.init(kind, path: path, message)
  }
}
