#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// The common checks of a file before it is opened, with messages for the usual mix-ups.
enum InputFile {
  /// Returns the file's size in bytes.
  ///
  /// - Throws: ``FileError`` if it is missing, unreadable, or no regular file.
  static func size(of path: String) throws(FileError) -> Int {
    var status = stat()
    guard unsafe stat(path, &status) == 0 else {
      throw FileError(.missingInput, path: path, reason(errno))
    }
    switch status.st_mode & S_IFMT {
    case S_IFREG: return Int(status.st_size)
    case S_IFDIR:
      throw FileError(.missingInput, path: path, "is a folder; give the file in it")
    default:
      throw FileError(.missingInput, path: path, "is not a regular file")
    }
  }

  /// Returns up to `count` bytes from the beginning of the file.
  static func prefix(of path: String, count: Int) throws(FileError) -> [UInt8] {
    let descriptor = try open(path)
    defer { _ = close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: count)
    // The array's storage is lent to read(2) for this call alone.
    let got = unsafe bytes.withUnsafeMutableBytes { unsafe read(descriptor, $0.baseAddress, count) }
    guard got >= 0 else { throw FileError(.missingInput, path: path, reason(errno)) }
    return Array(bytes.prefix(got))
  }

  /// Opens the file for reading and returns its descriptor.
  static func open(_ path: String) throws(FileError) -> Int32 {
    // Both are the C library's open(2); Swift imports its variadic form as these overloads.
    #if canImport(Darwin)
      let descriptor = unsafe Darwin.open(path, O_RDONLY | O_CLOEXEC)
    #else
      let descriptor = unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC)
    #endif
    guard descriptor >= 0 else { throw FileError(.missingInput, path: path, reason(errno)) }
    return descriptor
  }

  /// Throws unless the file can be an HDF5 file, and says what it is instead where that is known.
  static func checkHDF5(_ path: String) throws(FileError) {
    let size = try size(of: path)
    let start = try prefix(of: path, count: 64)
    func starts(_ text: String) -> Bool { start.starts(with: Array(text.utf8)) }
    if starts("version https://git-lfs") {
      throw FileError(
        .badData, path: path, "is a Git LFS pointer, not the file itself; run `git lfs pull`")
    }
    if start.starts(with: [0x50, 0x4B, 0x03, 0x04]) {
      throw FileError(
        .badData, path: path,
        "is a zip archive (perhaps a .keras file), not HDF5; save the model as .h5")
    }
    if size == 0 { throw FileError(.badData, path: path, "is empty") }
    if starts("{") || starts("[") {
      throw FileError(
        .badData, path: path,
        "is JSON, not HDF5; an architecture is given with --architecture, beside a weights file")
    }
  }

  /// Returns what the C library says about an error number.
  static func reason(_ code: Int32) -> String {
    switch code {
    case ENOENT: "no such file; check the path"
    case EACCES, EPERM: "permission denied"
    case ENOSPC: "the disk is full"
    case EROFS: "the file system is read-only"
    default: unsafe String(cString: strerror(code)).lowercased()
    }
  }
}
