#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

extension FileDescriptor {
  /// Opens a file with one name, which is no link; nil if it has several or is one.
  ///
  /// - Throws: ``FileError`` if the file is missing, unreadable, or not a regular file.
  convenience init?(plain path: String) throws(FileError) {
    var status = stat()
    if unsafe lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFLNK { return nil }
    let (device, inode) = (status.st_dev, status.st_ino)
    try self.init(path)
    // The file may have been replaced by a link since.
    guard unsafe fstat(number, &status) == 0, status.st_nlink == 1, status.st_dev == device,
      status.st_ino == inode
    else { return nil }
  }

  /// Returns the bytes of a range, which must lie in the file.
  ///
  /// - Throws: ``FileError`` if reading fails.
  func bytes(in range: Range<Int>) throws(FileError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: range.count)
    // The buffer is used during the call only.
    try unsafe filling(&bytes) { buffer throws(FileError) in
      unsafe try read(at: range.lowerBound, into: buffer)
    }
    return bytes
  }
}
