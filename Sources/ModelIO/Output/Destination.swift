#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// What a path that is to be written leads to.
enum Destination: Equatable {
  /// A file that is there or not; links have been followed.
  case file(String)
  /// A device or a pipe, which is written through.
  case device(String)
  /// A descriptor of this process, under a name such as /dev/stdout or /proc/self/fd/3.
  case descriptor(Int32)

  /// Follows the links from `path`, also one that leads to no file yet.
  ///
  /// - Throws: The system's reason why it cannot be followed.
  init(_ path: String) throws(SystemError) {
    var path = path
    // As many links as Linux follows.
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

  /// The number of the descriptor that a path names, if it does.
  ///
  /// To open such a path would begin a file anew that others are writing, or have opened to append.
  private static func descriptor(_ path: String) -> Int32? {
    for folder in ["/dev/fd/", "/proc/self/fd/", "/proc/thread-self/fd/", "/proc/\(getpid())/fd/"]
    where path.hasPrefix(folder) {
      return Int32(path.dropFirst(folder.count))
    }
    return nil
  }

  private static func target(ofLink path: String) throws(SystemError) -> String {
    var bytes = [CChar](repeating: 0, count: Int(PATH_MAX))
    // readlink(2) fills the array, without an end mark.
    let count = try SystemError.check { unsafe readlink(path, &bytes, bytes.count) }
    return String(decoding: bytes[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
