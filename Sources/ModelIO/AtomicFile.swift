#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// A file that comes into being whole or not at all.
enum AtomicFile {
  /// Lets `body` write a file under a temporary name, then gives it the name `path`.
  ///
  /// The temporary file is in the same folder; the file and the folder are on the disk when this
  /// returns. Whatever fails, the temporary file is gone and what was at `path` is untouched. A
  /// symbolic link is followed, and a file that is replaced keeps its permissions.
  ///
  /// - Throws: ``FileError`` naming `path`.
  static func write(
    _ path: String, _ body: (_ temporary: String) throws(FileError) -> Void
  ) throws(FileError) {
    let target = resolved(path)
    let folder = self.folder(of: target)
    var status = stat()
    if unsafe stat(target, &status) == 0, status.st_mode & S_IFMT != S_IFREG {
      throw FileError(.cannotWrite, path: path, "is a folder or device; give another name")
    }
    let replaces = unsafe stat(target, &status) == 0
    guard unsafe access(folder, W_OK | X_OK) == 0 else {
      let reason = errno == ENOENT ? "no such folder" : InputFile.reason(errno)
      throw FileError(.cannotWrite, path: path, "cannot be written: \(reason) (\(folder))")
    }
    let tag = String(UInt64.random(in: .min ... .max), radix: 36)
    let temporary = "\(folder)/.\(target.split(separator: "/").last ?? "out").\(tag).tmp"
    do throws(FileError) {
      try body(temporary)
      if replaces { _ = unsafe chmod(temporary, status.st_mode & 0o7777) }
      try synchronize(temporary)
      guard unsafe rename(temporary, target) == 0 else {
        throw FileError(.writeFailed, path: path, "cannot be renamed: \(InputFile.reason(errno))")
      }
    } catch {
      unsafe unlink(temporary)
      throw FileError(error.kind, path: path, error.message)
    }
    try synchronize(folder)
  }

  /// Waits until a file or folder is on the disk.
  private static func synchronize(_ path: String) throws(FileError) {
    let descriptor = try InputFile.open(path)
    defer { _ = close(descriptor) }
    guard fsync(descriptor) == 0 else {
      throw FileError(.writeFailed, path: path, InputFile.reason(errno))
    }
  }

  private static func folder(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// The path with symbolic links followed, where the file is there already.
  private static func resolved(_ path: String) -> String {
    // realpath(3) allocates the text, which is copied and freed.
    guard let real = unsafe realpath(path, nil) else { return path }
    defer { unsafe free(real) }
    return unsafe String(cString: real)
  }
}
