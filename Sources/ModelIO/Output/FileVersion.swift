#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// Identifies one version of an open file: device, inode, size and time of the last change.
struct FileVersion: Hashable, Sendable {
  let identity: FileIdentity
  private let size: Int
  private let seconds: Int
  private let nanoseconds: Int

  /// Creates the version of an open file; nil if the descriptor is not open.
  init?(of file: FileDescriptor) {
    guard let status = Descriptor.status(of: file.number) else { return nil }
    identity = FileIdentity(status)
    size = Int(status.st_size)
    #if canImport(Darwin)
      let time = status.st_mtimespec
    #else
      let time = status.st_mtim
    #endif
    seconds = time.tv_sec
    nanoseconds = time.tv_nsec
  }
}
