#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// Checks on files before they are read, with messages for common mix-ups.
enum InputFile {
  /// Returns the file's size in bytes.
  ///
  /// - Throws: ``FileError`` if the file is missing, unreadable, or not a regular file.
  static func size(of path: String) throws(FileError) -> Int {
    let descriptor = try open(path)
    defer { _ = close(descriptor) }
    return try size(of: descriptor, path)
  }

  /// Returns the size of an open file in bytes.
  ///
  /// - Throws: ``FileError`` if it is not a regular file.
  static func size(of descriptor: Int32, _ path: String) throws(FileError) -> Int {
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else {
      throw FileError(.missingInput, path: path, reason(errno))
    }
    switch status.st_mode & S_IFMT {
    case S_IFREG: return Int(status.st_size)
    case S_IFDIR:
      guard case .savedModel? = try? FileKind(at: path) else {
        throw FileError(.missingInput, path: path, "is a folder; give the file in it")
      }
      throw FileError(
        .missingInput, path: path,
        "is \(FileKind.savedModel.words); \(FileKind.conversion(of: path, "saved-model"))")
    default:
      throw FileError(.missingInput, path: path, "is not a regular file")
    }
  }

  /// Returns up to `count` bytes from the beginning of the file.
  static func prefix(of path: String, count: Int) throws(FileError) -> [UInt8] {
    let descriptor = try open(path)
    defer { _ = close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: count)
    // read(2) uses the array's storage during the call only.
    let got = unsafe bytes.withUnsafeMutableBytes { unsafe read(descriptor, $0.baseAddress, count) }
    guard got >= 0 else { throw FileError(.missingInput, path: path, reason(errno)) }
    return Array(bytes.prefix(got))
  }

  /// Opens the file for reading and returns its descriptor.
  static func open(_ path: String) throws(FileError) -> Int32 {
    // O_NONBLOCK, since opening a pipe would wait for its writer. Both calls are open(2); Swift
    // imports the variadic function as these overloads.
    #if canImport(Darwin)
      let descriptor = unsafe Darwin.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    #else
      let descriptor = unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    #endif
    guard descriptor >= 0 else { throw FileError(.missingInput, path: path, reason(errno)) }
    return descriptor
  }

  /// Returns a short text for an error number.
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
