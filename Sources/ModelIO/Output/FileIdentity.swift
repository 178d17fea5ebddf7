#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// What a file is, under whatever name: hard links have the same one.
package struct FileIdentity: Hashable, Sendable {
  private let device: UInt64
  private let number: UInt64

  init(_ status: stat) {
    device = UInt64(truncatingIfNeeded: status.st_dev)
    number = UInt64(status.st_ino)
  }

  /// The identity of the file at a path, links followed; nil if there is none.
  package init?(_ path: String) {
    guard let status = Descriptor.status(path) else { return nil }
    self.init(status)
  }
}
