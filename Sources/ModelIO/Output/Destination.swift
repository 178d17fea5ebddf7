#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// The target of a path for writing.
enum Destination: Equatable {
  /// An existing or new file; links have been followed.
  case file(String)
  /// A device or pipe, which is written directly.
  case device(String)
  /// A descriptor of this process, from a path like /dev/stdout or /proc/self/fd/3.
  case descriptor(Int32)

  /// Follows the links from `path`, even to a missing file.
  ///
  /// - Throws: The system's error if a link cannot be followed, or for a folder.
  init(_ path: String) throws(SystemError) {
    var path = path
    // Linux's limit on links.
    for _ in 0..<40 {
      if let descriptor = Self.descriptor(path) {
        self = .descriptor(descriptor)
        return
      }
      guard let status = Descriptor.status(path, followsLinks: false) else {
        guard errno == ENOENT else { throw SystemError(code: errno) }
        self = .file(path)
        return
      }
      switch status.st_mode & S_IFMT {
      case S_IFLNK:
        let target = try Self.target(ofLink: path)
        path = target.hasPrefix("/") ? target : "\(TemporaryName.split(path).folder)/\(target)"
      case S_IFREG:
        self = .file(path)
        return
      case S_IFDIR: throw SystemError(code: EISDIR)
      default:
        self = .device(path)
        return
      }
    }
    throw SystemError(code: ELOOP)
  }

  /// Returns the descriptor that a path names, if it does.
  ///
  /// Opening such a path would truncate a file that other processes are writing, or that is open
  /// for appending.
  private static func descriptor(_ path: String) -> Int32? {
    for folder in ["/dev/fd/", "/proc/self/fd/", "/proc/thread-self/fd/", "/proc/\(getpid())/fd/"]
    where path.hasPrefix(folder) {
      return Int32(path.dropFirst(folder.count))
    }
    return nil
  }

  private static func target(ofLink path: String) throws(SystemError) -> String {
    var bytes = [CChar](repeating: 0, count: Int(PATH_MAX))
    // readlink(2) fills the array, without a terminating zero.
    let count = try SystemError.check { unsafe readlink(path, &bytes, bytes.count) }
    return String(decoding: bytes[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
