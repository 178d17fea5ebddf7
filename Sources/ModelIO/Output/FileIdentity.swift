#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// Identifies a file by device and inode, so that hard links are equal.
package struct FileIdentity: Hashable, Sendable {
  private let device: UInt64
  private let number: UInt64

  init(_ status: stat) {
    device = UInt64(truncatingIfNeeded: status.st_dev)
    number = UInt64(status.st_ino)
  }

  /// Creates the identity of the file at a path, following links; nil if there is none.
  package init?(_ path: String) {
    guard let status = Descriptor.status(path) else { return nil }
    self.init(status)
  }
}
